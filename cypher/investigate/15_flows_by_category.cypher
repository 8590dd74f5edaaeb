// Question: How much did this wallet receive from each category of wallets, and send to each, directly?
// Params: chain, wallet, since, until, row_limit
// Returns: path, way, category, wallets, transfers, units, asset, usd_value, first, last
CYPHER 25
// In milliseconds: the index of times would read all wallets' transfers.
WITH datetime(coalesce($since, '0001-01-01T00:00:00Z')).epochMillis AS since,
  datetime(coalesce($until, '9999-12-31T00:00:00Z')).epochMillis AS until
MATCH (w:Wallet {chain: $chain, address: $wallet})-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n)
WHERE n <> w AND since <= t.occurred_at.epochMillis < until
ORDER BY t.amount DESC, t.transaction_hash
WITH w, endNode(t) = w AS is_paid, n.category AS category, t.asset AS asset, count(DISTINCT n) AS wallets,
  collect(t)[0] AS largest, count(*) AS transfers, sum(t.amount) AS amount,
  CASE count(t.usd_value) WHEN 0 THEN null ELSE round(sum(t.usd_value), 2) END AS usd_value,
  min(t.occurred_at) AS first, max(t.occurred_at) AS last
ORDER BY is_paid DESC, coalesce(usd_value, 0) DESC, amount DESC, category, asset
LIMIT toInteger($row_limit)
// Of each, the largest transfer is drawn.
MATCH path = (w)-[t:TRANSFER]-() WHERE t = largest
RETURN path, CASE WHEN is_paid THEN 'in' ELSE 'out' END AS way, coalesce(category, 'no label') AS category, wallets,
  transfers, round(amount / 10.0 ^ coalesce(t.decimals, 0), 8) AS units, asset, usd_value, first, last
ORDER BY way, coalesce(usd_value, 0) DESC, amount DESC, category, asset
