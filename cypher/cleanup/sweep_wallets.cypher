// Question: Which wallets after this one, in a page, are of an older generation? (They go.)
// Params: generation, after, rows
// Returns: last, seen, deleted
CYPHER 25
MATCH (w:Wallet) WHERE w.wallet_id > $after
WITH w, w.wallet_id AS wallet_id, coalesce(w.generation, -1) < $generation AS older
ORDER BY wallet_id LIMIT toInteger($rows)
FOREACH (_ IN CASE WHEN older THEN [1] ELSE [] END | DETACH DELETE w)
RETURN max(wallet_id) AS last, count(*) AS seen, sum(CASE WHEN older THEN 1 ELSE 0 END) AS deleted
