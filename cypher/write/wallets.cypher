// Question: Which addresses are these wallets? (A row is [wallet_id, chain, address].)
// Params: rows, record_id, generation
// Returns: found
CYPHER 25
// name is what Neo4j Browser writes on a wallet: what a label calls it, else its address in short.
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND $rows AS row
MERGE (w:Wallet {wallet_id: row[0]})
SET w.chain = row[1], w.address = row[2], w.generation = $generation,
    w.name = coalesce(w.label, left(row[2], 6) + '…' + right(row[2], 4))
RETURN count(*) AS found
