// Question: How many wallets paid each of these, and how many did each pay? (Counted up to a limit.)
// Params: chain, addresses, most
// Returns: address, senders, receivers
CYPHER 25
UNWIND $addresses AS address
MATCH (w:Wallet {chain: $chain, address: address})
CALL (w) {
  MATCH (w)<-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n)
  WHERE n <> w
  WITH DISTINCT n LIMIT toInteger($most)
  RETURN count(n) AS senders
}
CALL (w) {
  MATCH (w)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]->(n)
  WHERE n <> w
  WITH DISTINCT n LIMIT toInteger($most)
  RETURN count(n) AS receivers
}
RETURN address, senders, receivers
