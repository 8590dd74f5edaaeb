// Does: Begins the generation that a rebuild writes; the label set is invalid until labels are written again.
// Params: record_id, has_lost_batches
// Returns: generation, label_revision
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.generation = state.generation + 1,
    state.label_revision = state.label_revision + 1,
    state.label_set_digest = null,
    state.unlabelled_batch = null
// Lost batches are told until the rebuild has ended: it may be interrupted, and the record reaches their numbers again.
FOREACH (_ IN CASE WHEN $has_lost_batches THEN [1] ELSE [] END |
  SET state.has_lost_batches = true, state.newest_batch = null, state.newest_batch_committed_at = null
)
RETURN state.generation AS generation, state.label_revision AS label_revision
