// Does: Creates the state node; a graph without wallets takes this record, any other keeps its own.
// Params: record_id, projection_version
// Returns: record_id
CYPHER 25
CALL () { MATCH (w:Wallet) RETURN count(w) > 0 AS used }
MERGE (state:GraphState {singleton: true})
  ON CREATE SET state.record_id = CASE WHEN used THEN 'unknown' ELSE $record_id END,
                state.generation = 1, state.turns = 0, state.label_revision = 0,
                state.projection_version = $projection_version
FOREACH (_ IN CASE WHEN state.record_id <> $record_id AND NOT used THEN [1] ELSE [] END |
  SET state.record_id = $record_id, state.projected_batch = null, state.label_set_digest = null,
      state.unlabelled_batch = null, state.projection_version = $projection_version,
      state.newest_batch = null, state.newest_batch_committed_at = null, state.has_lost_batches = null
)
RETURN state.record_id AS record_id
