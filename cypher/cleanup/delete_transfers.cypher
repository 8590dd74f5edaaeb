// Does: Deletes the edges with these ids.
// Params: transfer_ids
// Returns: deleted
CYPHER 25
UNWIND $transfer_ids AS transfer_id
MATCH ()-[t:TRANSFER {transfer_id: transfer_id}]->()
DELETE t
RETURN count(*) AS deleted
