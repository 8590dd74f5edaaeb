// Does: Says that the graph lacks every batch, and that whatever is written from now on is of this version.
// Params: record_id, projection_version
// Returns: projection_version
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.projected_batch = null, state.projection_version = $projection_version
RETURN state.projection_version AS projection_version
