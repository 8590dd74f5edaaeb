// Question: Is a transfer found by its number, and only once? (It makes the MERGE of an edge an index seek.)
// Params: -
// Returns: -
CYPHER 25
CREATE CONSTRAINT transfer_id IF NOT EXISTS
FOR ()-[transfer:TRANSFER]-() REQUIRE transfer.transfer_id IS UNIQUE
