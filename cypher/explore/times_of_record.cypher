// Question: When were the first and the last transfer of the record?
// Params: -
// Returns: first, last
CYPHER 25
OPTIONAL CALL () {
  MATCH ()-[t:TRANSFER WHERE t.occurred_at IS NOT NULL]->()
  RETURN t.occurred_at AS first ORDER BY first LIMIT 1
}
OPTIONAL CALL () {
  MATCH ()-[t:TRANSFER WHERE t.occurred_at IS NOT NULL]->()
  RETURN t.occurred_at AS last ORDER BY last DESC LIMIT 1
}
RETURN first, last
