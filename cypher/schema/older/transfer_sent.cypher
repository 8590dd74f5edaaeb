// Does: Drops an index of version 1.
// Params: -
// Returns: -
CYPHER 25
DROP INDEX transfer_sent IF EXISTS
