// Does: Deletes the state node, so that the graph belongs to no record.
// Params: -
// Returns: deleted
CYPHER 25
MATCH (state:GraphState)
DELETE state
RETURN count(*) AS deleted
