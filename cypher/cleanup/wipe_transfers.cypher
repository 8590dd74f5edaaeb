// Question: Which edges are left? (A page of them goes.)
// Params: rows
// Returns: deleted
CYPHER 25
MATCH ()-[t:TRANSFER]->()
WITH t LIMIT toInteger($rows)
DELETE t
RETURN count(*) AS deleted
