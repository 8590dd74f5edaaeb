// Question: Which deposits of one pool epoch have not decayed away yet?
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_received IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.recv_pool, transfer.recv_drain)
