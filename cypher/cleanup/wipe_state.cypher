// Question: Whose graph was this? (Nobody's now.)
// Params: -
// Returns: deleted
CYPHER 25
MATCH (state:GraphState)
DELETE state
RETURN count(*) AS deleted
