// Question: Which transfers of this wallet happened since then, or arrived or changed after that batch?
// Params: chain, wallet, since, watermark, row_limit
// Returns: path, occurred_at, asset, amount, change
CYPHER 25
MATCH path = (w:Wallet {chain: $chain, address: $wallet})-[t:TRANSFER]-()
WHERE t.occurred_at >= datetime($since) OR t.batch > $watermark OR t.revision > $watermark
RETURN path, t.occurred_at AS occurred_at, t.asset AS asset, t.amount_exact AS amount,
  CASE WHEN t.retracted THEN 'retracted'
       WHEN t.batch > $watermark THEN 'arrived'
       WHEN t.revision > $watermark THEN 'restated'
       ELSE 'happened' END AS change
ORDER BY occurred_at DESC, t.transaction_hash, t.seq
LIMIT toInteger($row_limit)
