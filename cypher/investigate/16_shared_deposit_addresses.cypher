// Question: Who else pays the deposit addresses that this wallet pays, or pays this wallet if it is one?
// Params: chain, wallet, least_rest, max_transfers, row_limit
// Returns: path, deposit_address, service, category, forwarded_share, shared_with, transfers, usd_value, first, last
CYPHER 25
MATCH (w:Wallet {chain: $chain, address: $wallet})
CALL (w) {
  WITH w WHERE w.category IS NULL
  RETURN w AS d
UNION
  MATCH (w)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]->(d WHERE d.category IS NULL)
  RETURN d
}
WITH w, d WHERE COUNT { (d)-[:TRANSFER]-() } <= $max_transfers
// A deposit address: it pays one labelled wallet alone, and of every asset nearly all that it received.
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
WITH w, d, service, share WHERE share >= $least_rest
MATCH (d)<-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n WHERE n <> w AND n <> d)
WITH w, d, service, share, n, count(*) AS transfers,
  CASE count(t.usd_value) WHEN 0 THEN null ELSE sum(t.usd_value) END AS usd_value,
  min(t.occurred_at) AS first, max(t.occurred_at) AS last
ORDER BY d.address, coalesce(usd_value, 0) DESC, n.address
LIMIT toInteger($row_limit)
// The evidence: a few transfers of both into the address, and what it forwarded.
RETURN COLLECT {
    MATCH p = (d)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(m WHERE m = n OR m = w OR m = service)
    RETURN p ORDER BY t.seq LIMIT 20
  } AS path,
  coalesce(d.label + ' ', '') + left(d.address, 6) + '…' + right(d.address, 4) AS deposit_address,
  coalesce(service.label + ' ', '') + left(service.address, 6) + '…' + right(service.address, 4) AS service,
  service.category AS category, round(share, 6) AS forwarded_share,
  coalesce(n.label + ' ', '') + left(n.address, 6) + '…' + right(n.address, 4) AS shared_with,
  transfers, round(usd_value, 2) AS usd_value, first, last
ORDER BY d.address, coalesce(usd_value, 0) DESC, n.address
