// Does: Begins the generation that a rebuild writes; the label set is invalid until labels are written again.
// Params: record_id
// Returns: generation, label_revision
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.generation = state.generation + 1,
    state.label_revision = state.label_revision + 1,
    state.label_set_digest = null,
    state.unlabelled_batch = null
RETURN state.generation AS generation, state.label_revision AS label_revision
