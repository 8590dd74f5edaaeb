// Question: Which wallets are there because an edge needs them? (Their own rows name them later.)
// Params: wallet_ids, record_id, generation
// Returns: found
CYPHER 25
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND $wallet_ids AS wallet_id
MERGE (w:Wallet {wallet_id: wallet_id}) ON CREATE SET w.generation = $generation
RETURN count(*) AS found
