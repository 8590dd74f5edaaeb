// Does: Notes the newest batch that has been written into this graph.
// Params: record_id, batch_id
// Returns: projected_batch
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.projected_batch = $batch_id
RETURN state.projected_batch AS projected_batch
