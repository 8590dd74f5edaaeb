// Does: Deletes up to $row_limit wallets without a valid id, which is an integer from 0 up.
// Params: row_limit
// Returns: deleted
CYPHER 25
MATCH (w:Wallet) WHERE NOT coalesce(w.wallet_id IS :: INTEGER AND w.wallet_id >= 0, false)
WITH w LIMIT toInteger($row_limit)
DETACH DELETE w
RETURN count(*) AS deleted
