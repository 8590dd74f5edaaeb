// Does: Confirms that every wallet carries its label of the set, unless another label revision has begun meanwhile.
// Params: label_revision, digest
// Returns: confirmed
CYPHER 25
MATCH (state:GraphState {singleton: true})
SET state.turns = state.turns + 1
WITH state WHERE state.label_revision = $label_revision
SET state.label_set_digest = $digest, state.unlabelled_batch = null
RETURN count(*) AS confirmed
