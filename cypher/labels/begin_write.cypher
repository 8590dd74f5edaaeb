// Does: Begins a label revision: an earlier writer cannot confirm its own. Another label set is unconfirmed from now on.
// Params: digest
// Returns: label_revision
CYPHER 25
MATCH (state:GraphState {singleton: true})
// Writing the same set again takes no label from a wallet that has one.
WITH state, coalesce(state.label_set_digest = $digest, false) AS same
SET state.label_revision = state.label_revision + 1,
    state.label_set_digest = CASE WHEN same THEN $digest END,
    state.unlabelled_batch = CASE WHEN same THEN state.unlabelled_batch END
RETURN state.label_revision AS label_revision
