// Does: Deletes up to $row_limit edges without a valid id, which is an integer from 0 up.
// Params: row_limit
// Returns: deleted
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE NOT coalesce(t.transfer_id IS :: INTEGER AND t.transfer_id >= 0, false)
WITH t LIMIT toInteger($row_limit)
DELETE t
RETURN count(*) AS deleted
