// Question: What is the largest transfer_id?
// Params: -
// Returns: id
CYPHER 25
MATCH ()-[t:TRANSFER]->() WHERE t.transfer_id >= 0 AND t.transfer_id IS :: INTEGER NOT NULL
RETURN t.transfer_id AS id
ORDER BY id DESC LIMIT 1
