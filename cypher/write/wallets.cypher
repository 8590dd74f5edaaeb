// Does: Makes these wallets what the rows say.
// Params: rows, record_id, generation
// Returns: matched
CYPHER 25
// A row has the names of WALLET_COLUMNS in app/projection/rows.py. name is the caption in Neo4j Browser: the
// label's, else the shortened address.
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND $rows AS row
MERGE (w:Wallet {wallet_id: row.wallet_id})
SET w.chain = row.chain, w.address = row.address, w.generation = $generation,
    w.name = coalesce(w.label, left(row.address, 6) + '…' + right(row.address, 4))
RETURN count(*) AS matched
