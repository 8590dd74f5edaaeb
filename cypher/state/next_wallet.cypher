// Question: Which wallet comes next after this number?
// Params: after
// Returns: number
CYPHER 25
MATCH (w:Wallet) WHERE w.wallet_id > $after AND w.wallet_id IS :: INTEGER NOT NULL
RETURN w.wallet_id AS number
ORDER BY number LIMIT 1
