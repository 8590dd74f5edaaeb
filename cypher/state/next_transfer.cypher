// Question: Which transfer comes next after this number?
// Params: after
// Returns: number
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE t.transfer_id > $after AND t.transfer_id IS :: INTEGER NOT NULL
RETURN t.transfer_id AS number
ORDER BY number LIMIT 1
