// Question: Is there a new wallet that may have a label, or were labels written since this writer looked?
// Params: record_id, labelled, label_revision
// Returns: doubted
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
WITH state WHERE $labelled OR state.label_revision <> $label_revision
SET state.label_revision = state.label_revision + 1, state.label_set_digest = null
RETURN count(*) AS doubted
