// Question: Which wallets are left? (A page of them goes.)
// Params: rows
// Returns: deleted
CYPHER 25
MATCH (w:Wallet)
WITH w LIMIT toInteger($rows)
DETACH DELETE w
RETURN count(*) AS deleted
