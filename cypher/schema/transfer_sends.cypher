// Does: Indexes edges for the sends of a pool epoch by drain, with their shares: small ones are left out unread.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_sends IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.send_pool, transfer.send_drain, transfer.send_share)
