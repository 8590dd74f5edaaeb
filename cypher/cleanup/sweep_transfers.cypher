// Question: Which edges after this one, in a page, are of an older generation? (They go.)
// Params: generation, after, rows
// Returns: last, seen, deleted
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE t.transfer_id > $after
WITH t, t.transfer_id AS transfer_id, coalesce(t.generation, -1) < $generation AS older
ORDER BY transfer_id LIMIT toInteger($rows)
FOREACH (_ IN CASE WHEN older THEN [1] ELSE [] END | DELETE t)
RETURN max(transfer_id) AS last, count(*) AS seen, sum(CASE WHEN older THEN 1 ELSE 0 END) AS deleted
