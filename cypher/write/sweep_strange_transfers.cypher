// Question: Which edges carry no identity, so that no record wrote them? (A page of them goes.)
// Params: rows
// Returns: deleted
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE t.transfer_id IS NULL
WITH t LIMIT toInteger($rows)
DELETE t
RETURN count(*) AS deleted
