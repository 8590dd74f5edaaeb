// Does: Says that nothing of lost batches is left: a rebuild has swept what they wrote.
// Params: record_id
// Returns: record_id
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.has_lost_batches = null
RETURN state.record_id AS record_id
