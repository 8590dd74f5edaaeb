// Does: Notes the first batch whose wallets may lack their label of the confirmed set.
// Params: record_id, labelled_batch, first_batch, label_revision
// Returns: invalidated
CYPHER 25
// $labelled_batch is of the wallets that may be labelled, null without one. When labels were written since the writer
// began, the labels it knows may not be all: then $first_batch, which is of all its wallets, counts.
MATCH (state:GraphState {singleton: true, record_id: $record_id})
WITH state, CASE state.label_revision WHEN $label_revision THEN $labelled_batch ELSE $first_batch END AS batch
WHERE batch IS NOT NULL
SET state.label_revision = state.label_revision + 1,
    state.unlabelled_batch = CASE WHEN state.unlabelled_batch < batch THEN state.unlabelled_batch ELSE batch END
RETURN count(*) AS invalidated
