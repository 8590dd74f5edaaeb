// Does: Says that every wallet carries its level of this run.
// Params: record_id, run_id
// Returns: confirmed
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.levels_run_id = $run_id
RETURN count(*) AS confirmed
