// Does: Indexes edges for the sends of a pool epoch by drain: those that still carry a deposit.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_sent IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.send_pool, transfer.send_drain)
