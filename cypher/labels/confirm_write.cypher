// Question: Does every wallet carry its label of this set? (Only if nothing came between since the beginning.)
// Params: label_revision, digest
// Returns: believed
CYPHER 25
MATCH (state:GraphState {singleton: true})
SET state.turns = state.turns + 1
WITH state WHERE state.label_revision = $label_revision
SET state.label_set_digest = $digest
RETURN count(*) AS believed
