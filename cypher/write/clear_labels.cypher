// Question: Which wallets have no label any more?
// Params: wallet_ids
// Returns: found
CYPHER 25
UNWIND $wallet_ids AS wallet_id
MATCH (w:Wallet {wallet_id: wallet_id})
REMOVE w.category, w.label, w.label_source, w.label_confidence
RETURN count(*) AS found
