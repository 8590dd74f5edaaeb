// Does: Confirms that wallets carry their label of the set, unless another label revision has begun meanwhile.
// Params: label_revision, digest, unlabelled_batch
// Returns: confirmed
CYPHER 25
// Those that came in $unlabelled_batch or later may lack it; null: every wallet carries it.
MATCH (state:GraphState {singleton: true})
SET state.turns = state.turns + 1
WITH state WHERE state.label_revision = $label_revision
SET state.label_set_digest = $digest, state.unlabelled_batch = $unlabelled_batch
RETURN count(*) AS confirmed
