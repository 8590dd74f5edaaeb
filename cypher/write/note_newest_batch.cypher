// Does: Notes the newest batch of which anything may be in this graph, in the transaction that writes any of it.
// Params: record_id, batch_id, committed_at
// Returns: newest_batch
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
FOREACH (_ IN CASE WHEN coalesce(state.newest_batch, 0) < $batch_id THEN [1] ELSE [] END |
  SET state.newest_batch = $batch_id, state.newest_batch_committed_at = $committed_at
)
RETURN state.newest_batch AS newest_batch
