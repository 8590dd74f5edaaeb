// Question: Does the database answer? (Reads a node, if there is one.)
// Params: -
// Returns: nodes
CYPHER 25
MATCH (state:GraphState)
RETURN count(state.record_id) AS nodes
