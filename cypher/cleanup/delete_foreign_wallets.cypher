// Question: Which wallets carry no number that a record gives? (A page of them goes.)
// Params: rows
// Returns: deleted
CYPHER 25
MATCH (w:Wallet) WHERE NOT coalesce(w.wallet_id IS :: INTEGER AND w.wallet_id >= 0, false)
WITH w LIMIT toInteger($rows)
DETACH DELETE w
RETURN count(*) AS deleted
