// Question: Are all indexes online? (Waits for them, ten minutes at most.)
// Params: -
// Returns: -
CYPHER 25
CALL db.awaitIndexes(600)
