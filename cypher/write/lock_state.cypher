// Question: May this record write now? (Locks the state until the transaction ends, so writers take turns.)
// Params: record_id
// Returns: generation
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.turns = state.turns + 1
RETURN state.generation AS generation
