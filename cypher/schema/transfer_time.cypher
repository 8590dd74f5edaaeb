// Does: Indexes edges by time, for questions about the whole record.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_time IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.occurred_at)
