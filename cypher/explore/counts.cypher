// Question: How many wallets paid each of these, and how many did each pay? (Counting stops at $max_count.)
// Params: chain, addresses, max_count
// Returns: address, senders, receivers
CYPHER 25
UNWIND $addresses AS address
MATCH (w:Wallet {chain: $chain, address: address})
CALL (w) {
  MATCH (w)<-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n)
  WHERE n <> w
  WITH DISTINCT n LIMIT toInteger($max_count)
  RETURN count(n) AS senders
}
CALL (w) {
  MATCH (w)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]->(n)
  WHERE n <> w
  WITH DISTINCT n LIMIT toInteger($max_count)
  RETURN count(n) AS receivers
}
RETURN address, senders, receivers
