// Question: Which edges carry these numbers? (They go. A row begins with the number.)
// Params: rows
// Returns: deleted
CYPHER 25
UNWIND $rows AS row
MATCH ()-[t:TRANSFER {transfer_id: row[0]}]->()
DELETE t
RETURN count(*) AS deleted
