// Does: Locks the state node until the transaction ends: transactions that begin with it run one by one.
// Params: record_id
// Returns: generation
CYPHER 25
MATCH (state:GraphState {singleton: true, record_id: $record_id})
// The value of turns means nothing; writing it takes the node's lock.
SET state.turns = state.turns + 1
RETURN state.generation AS generation
