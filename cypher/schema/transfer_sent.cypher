// Question: Which sends of one pool epoch still carry a deposit?
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_sent IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.send_pool, transfer.send_drain)
