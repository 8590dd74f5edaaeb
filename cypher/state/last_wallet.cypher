// Question: What is the largest wallet_id?
// Params: -
// Returns: id
CYPHER 25
MATCH (w:Wallet) WHERE w.wallet_id >= 0 AND w.wallet_id IS :: INTEGER NOT NULL
RETURN w.wallet_id AS id
ORDER BY id DESC LIMIT 1
