// Question: Which transfers of this wallet happened since then, or arrived or changed after that batch?
// Params: chain, wallet, since, watermark, row_limit
// Returns: path, occurred_at, sender, receiver, units, asset, usd_value, change
CYPHER 25
MATCH path = (:Wallet {chain: $chain, address: $wallet})-[t:TRANSFER]-()
WHERE t.occurred_at >= datetime(coalesce($since, '0001-01-01T00:00:00Z')) OR t.batch > $watermark OR t.revision > $watermark
WITH path, t, startNode(t) AS s, endNode(t) AS r
RETURN path, t.occurred_at AS occurred_at,
  coalesce(s.label + ' ', '') + left(s.address, 6) + '…' + right(s.address, 4) AS sender,
  coalesce(r.label + ' ', '') + left(r.address, 6) + '…' + right(r.address, 4) AS receiver,
  round(t.amount / 10.0 ^ coalesce(t.decimals, 0), 8) AS units, t.asset AS asset, round(t.usd_value, 2) AS usd_value,
  CASE WHEN t.retracted THEN 'retracted'
       WHEN t.batch > $watermark THEN 'arrived'
       WHEN t.revision > $watermark THEN 'restated'
       ELSE 'happened' END AS change
ORDER BY occurred_at DESC, t.transaction_hash, t.seq
LIMIT toInteger($row_limit)
