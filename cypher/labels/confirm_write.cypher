// Does: Sets the digest of the label set, unless another label revision has begun since $label_revision.
// Params: label_revision, digest
// Returns: confirmed
CYPHER 25
MATCH (state:GraphState {singleton: true})
SET state.turns = state.turns + 1
WITH state WHERE state.label_revision = $label_revision
SET state.label_set_digest = $digest
RETURN count(*) AS confirmed
