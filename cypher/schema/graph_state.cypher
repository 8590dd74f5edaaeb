// Does: Allows one state node at most.
// Params: -
// Returns: -
CYPHER 25
CREATE CONSTRAINT graph_state IF NOT EXISTS
FOR (state:GraphState) REQUIRE state.singleton IS UNIQUE
