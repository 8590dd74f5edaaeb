// Does: Indexes edges for the deposits of a pool epoch by drain, with their amounts: small ones are left out unread.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_deposits IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.recv_pool, transfer.recv_drain, transfer.amount)
