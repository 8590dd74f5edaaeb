// Does: Deletes up to $row_limit edges.
// Params: row_limit
// Returns: deleted
CYPHER 25
MATCH ()-[t:TRANSFER]->()
WITH t LIMIT toInteger($row_limit)
DELETE t
RETURN count(*) AS deleted
