// Does: Deletes the wallets with these ids, with any edges still at them.
// Params: wallet_ids
// Returns: deleted
CYPHER 25
UNWIND $wallet_ids AS wallet_id
MATCH (w:Wallet {wallet_id: wallet_id})
DETACH DELETE w
RETURN count(*) AS deleted
