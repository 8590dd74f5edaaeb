// Question: What is the smallest transfer_id after this one?
// Params: after
// Returns: id
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE t.transfer_id > $after AND t.transfer_id IS :: INTEGER NOT NULL
RETURN t.transfer_id AS id
ORDER BY id LIMIT 1
