// Does: Deletes up to $row_limit wallets, with their edges.
// Params: row_limit
// Returns: deleted
CYPHER 25
MATCH (w:Wallet)
WITH w LIMIT toInteger($row_limit)
DETACH DELETE w
RETURN count(*) AS deleted
