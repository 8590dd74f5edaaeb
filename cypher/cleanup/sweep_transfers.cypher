// Does: Deletes edges of older generations among the next $row_limit edges by transfer_id.
// Params: generation, after, row_limit
// Returns: last, seen, deleted
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE t.transfer_id > $after
WITH t, t.transfer_id AS transfer_id, coalesce(t.generation, 1) < $generation AS older
ORDER BY transfer_id LIMIT toInteger($row_limit)
FOREACH (_ IN CASE WHEN older THEN [1] ELSE [] END | DELETE t)
RETURN max(transfer_id) AS last, count(*) AS seen, sum(CASE WHEN older THEN 1 ELSE 0 END) AS deleted
