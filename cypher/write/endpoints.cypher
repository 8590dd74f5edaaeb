// Does: Creates wallets that an edge needs before the row that names them has come.
// Params: wallet_ids, record_id, generation
// Returns: matched
CYPHER 25
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND $wallet_ids AS wallet_id
MERGE (w:Wallet {wallet_id: wallet_id}) ON CREATE SET w.generation = CASE WHEN $generation > 1 THEN $generation END
RETURN count(*) AS matched
