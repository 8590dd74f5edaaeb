// Does: Makes transfer_id unique, so that the MERGE of an edge is an index seek.
// Params: -
// Returns: -
CYPHER 25
CREATE CONSTRAINT transfer_id IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() REQUIRE transfer.transfer_id IS UNIQUE
