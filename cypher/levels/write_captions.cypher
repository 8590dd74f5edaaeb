// Does: Gives these wallets their caption in Neo4j Browser: their name and the address in short.
// Params: record_id, rows
// Returns: matched
CYPHER 25
MATCH (:GraphState {singleton: true, record_id: $record_id})
UNWIND $rows AS row
MATCH (w:Wallet {wallet_id: row.wallet_id})
SET w.caption = row.caption
RETURN count(*) AS matched
