// Question: Which edges carry no number that a record gives? (A page of them goes.)
// Params: rows
// Returns: deleted
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE NOT coalesce(t.transfer_id IS :: INTEGER AND t.transfer_id >= 0, false)
WITH t LIMIT toInteger($rows)
DELETE t
RETURN count(*) AS deleted
