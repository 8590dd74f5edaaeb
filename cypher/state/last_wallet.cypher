// Question: Which wallet has the largest number?
// Params: -
// Returns: number
CYPHER 25
MATCH (w:Wallet) WHERE w.wallet_id >= 0 AND w.wallet_id IS :: INTEGER NOT NULL
RETURN w.wallet_id AS number
ORDER BY number DESC LIMIT 1
