// Question: Who writes labels now? (From here on the labels are in doubt, and an earlier writer is too late.)
// Params: -
// Returns: label_revision
CYPHER 25
MATCH (state:GraphState {singleton: true})
SET state.label_revision = state.label_revision + 1, state.label_set_digest = null
RETURN state.label_revision AS label_revision
