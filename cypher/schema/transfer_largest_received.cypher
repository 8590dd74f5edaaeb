// Does: Indexes edges for the largest deposit into a pool epoch.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_largest_received IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.recv_pool, transfer.amount)
