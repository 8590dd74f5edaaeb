// Does: Notes whose graph this was before it was emptied for this record.
// Params: record_id, taken_from
// Returns: taken_from
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.taken_from = $taken_from
RETURN state.taken_from AS taken_from
