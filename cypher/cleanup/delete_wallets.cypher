// Question: Which wallets carry these numbers? (They go; their edges have gone before.)
// Params: wallet_ids
// Returns: deleted
CYPHER 25
UNWIND $wallet_ids AS wallet_id
MATCH (w:Wallet {wallet_id: wallet_id})
DETACH DELETE w
RETURN count(*) AS deleted
