// Does: Says that the levels on wallets are of no one run, until they are written.
// Params: record_id
// Returns: begun
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
SET state.levels_run_id = null
RETURN count(*) AS begun
