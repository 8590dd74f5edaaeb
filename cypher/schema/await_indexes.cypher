// Question: Are all indexes online? (Waits for them for up to ten minutes.)
// Params: -
// Returns: -
CYPHER 25
CALL db.awaitIndexes(600)
