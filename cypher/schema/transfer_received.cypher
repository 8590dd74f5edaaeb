// Does: Indexes edges for the deposits of a pool epoch by drain: those that have not decayed away.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_received IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.recv_pool, transfer.recv_drain)
