// Question: Which transfer has the largest number?
// Params: -
// Returns: number
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE t.transfer_id >= 0 AND t.transfer_id IS :: INTEGER NOT NULL
RETURN t.transfer_id AS number
ORDER BY number DESC LIMIT 1
