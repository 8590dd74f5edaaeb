// Question: Which transfers are the evidence of one score, drawn?
// Params: transfer_ids
// Returns: path
CYPHER 25
MATCH path = ()-[t:TRANSFER]->()
WHERE t.transfer_id IN $transfer_ids
RETURN path
