// Does: Deletes wallets of older generations among the next $row_limit wallets by wallet_id.
// Params: generation, after, row_limit
// Returns: last, seen, deleted
CYPHER 25
MATCH (w:Wallet) WHERE w.wallet_id > $after
WITH w, w.wallet_id AS wallet_id, coalesce(w.generation, 1) < $generation AS older
ORDER BY wallet_id LIMIT toInteger($row_limit)
FOREACH (_ IN CASE WHEN older THEN [1] ELSE [] END | DETACH DELETE w)
RETURN max(wallet_id) AS last, count(*) AS seen, sum(CASE WHEN older THEN 1 ELSE 0 END) AS deleted
