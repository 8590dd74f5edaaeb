// Does: Indexes edges by the hash of their transaction.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_hash IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.transaction_hash)
