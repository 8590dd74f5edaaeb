// Question: What is the largest deposit into one pool epoch?
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX transfer_largest_received IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() ON (transfer.recv_pool, transfer.amount)
