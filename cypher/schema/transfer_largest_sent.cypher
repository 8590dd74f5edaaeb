// Does: Indexes edges for the largest share that one send took of a pool epoch.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_largest_sent IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.send_pool, transfer.send_share)
