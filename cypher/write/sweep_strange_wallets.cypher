// Question: Which wallets carry no identity, so that no record wrote them? (A page of them goes.)
// Params: rows
// Returns: deleted
CYPHER 25
MATCH (w:Wallet) WHERE w.wallet_id IS NULL
WITH w LIMIT toInteger($rows)
DETACH DELETE w
RETURN count(*) AS deleted
