// Question: Is there one state of the graph at most?
// Params: -
// Returns: -
CYPHER 25
CREATE CONSTRAINT graph_state IF NOT EXISTS
FOR (state:GraphState) REQUIRE state.singleton IS UNIQUE
