// Does: Begins a label revision: the label set is unconfirmed, and an earlier writer cannot confirm its own.
// Params: -
// Returns: label_revision
CYPHER 25
MATCH (state:GraphState {singleton: true})
SET state.label_revision = state.label_revision + 1, state.label_set_digest = null
RETURN state.label_revision AS label_revision
