// Does: Invalidates the label set when these wallets may be labelled, or labels were written since the writer began.
// Params: record_id, may_be_labelled, label_revision
// Returns: invalidated
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
WITH state WHERE $may_be_labelled OR state.label_revision <> $label_revision
SET state.label_revision = state.label_revision + 1, state.label_set_digest = null
RETURN count(*) AS invalidated
