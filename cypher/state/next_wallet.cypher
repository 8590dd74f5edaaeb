// Question: What is the smallest wallet_id after this one?
// Params: after
// Returns: id
CYPHER 25
MATCH (w:Wallet) WHERE w.wallet_id > $after AND w.wallet_id IS :: INTEGER NOT NULL
RETURN w.wallet_id AS id
ORDER BY id LIMIT 1
