// Question: Which of these wallets forward nearly all that they receive to one labelled wallet, and to which?
// Params: chain, addresses, least_rest, max_transfers
// Returns: address, service, label
CYPHER 25
// The rule of question 16: such a wallet is a deposit address of the labelled one.
UNWIND $addresses AS address
MATCH (d:Wallet {chain: $chain, address: address})
WHERE d.category IS NULL AND COUNT { (d)-[:TRANSFER]-() } <= $max_transfers
CALL (d) {
  MATCH (d)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]->(s WHERE s <> d)
  WITH collect(DISTINCT s) AS served
  WHERE size(served) = 1 AND served[0].category IS NOT NULL
  RETURN served[0] AS service
}
CALL (d) {
  MATCH (d)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n WHERE n <> d)
  WITH t.asset_id AS asset_id, sum(CASE WHEN endNode(t) = d THEN t.amount ELSE 0.0 END) AS received,
    sum(CASE WHEN startNode(t) = d THEN t.amount ELSE 0.0 END) AS forwarded
  RETURN min(CASE received WHEN 0.0 THEN 0.0 ELSE forwarded / received END) AS share
}
WITH d, service, share WHERE share >= $least_rest
RETURN d.address AS address, service.address AS service, service.label AS label
