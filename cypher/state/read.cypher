// Question: What does the state node say?
// Params: -
// Returns: record_id, generation, label_revision, label_set_digest, unlabelled_batch, projected_batch, projection_version, writes, taken_from, levels_run_id, newest_batch, newest_batch_committed_at, has_lost_batches
CYPHER 25
MATCH (state:GraphState {singleton: true})
RETURN state.record_id AS record_id, state.generation AS generation, state.label_revision AS label_revision,
       state.label_set_digest AS label_set_digest, state.unlabelled_batch AS unlabelled_batch,
       state.projected_batch AS projected_batch, coalesce(state.projection_version, 1) AS projection_version,
       coalesce(state.turns, 0) AS writes, state.taken_from AS taken_from,
       state.levels_run_id AS levels_run_id, state.newest_batch AS newest_batch,
       state.newest_batch_committed_at AS newest_batch_committed_at,
       coalesce(state.has_lost_batches, false) AS has_lost_batches
