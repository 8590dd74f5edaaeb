// Question: What are these transfers as paths that Neo4j Browser draws?
// Params: transfer_ids
// Returns: path
CYPHER 25
MATCH path = ()-[t:TRANSFER]->()
WHERE t.transfer_id IN $transfer_ids
RETURN path
