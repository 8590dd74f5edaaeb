// Question: Which wallets paid this one, the largest first, and how often?
// Params: chain, wallet, since, until, row_limit
// Returns: path, counterparty, category, transfers, units, asset, usd_value, first, last
CYPHER 25
// In milliseconds: the index of times would read all wallets' transfers.
WITH datetime(coalesce($since, '0001-01-01T00:00:00Z')).epochMillis AS since,
  datetime(coalesce($until, '9999-12-31T00:00:00Z')).epochMillis AS until
MATCH (w:Wallet {chain: $chain, address: $wallet})<-[t:TRANSFER]-(n)
WHERE t.amount > 0 AND n <> w AND t.retracted IS NULL
  AND since <= t.occurred_at.epochMillis < until
// One line for each wallet and asset: the largest of its transfers is drawn, the others are counted.
ORDER BY t.amount DESC, t.transaction_hash
WITH w, n, t.asset AS asset, collect(t)[0] AS largest, count(*) AS transfers, sum(t.amount) AS amount,
  CASE count(t.usd_value) WHEN 0 THEN null ELSE sum(t.usd_value) END AS usd_value, min(t.occurred_at) AS first, max(t.occurred_at) AS last
ORDER BY coalesce(usd_value, 0) DESC, amount DESC, n.address
LIMIT toInteger($row_limit)
MATCH path = (w)<-[t:TRANSFER]-(n) WHERE t = largest
RETURN path, coalesce(n.label + ' ', '') + left(n.address, 6) + '…' + right(n.address, 4) AS counterparty,
  n.category AS category, transfers, round(amount / 10.0 ^ coalesce(t.decimals, 0), 8) AS units, asset,
  round(usd_value, 2) AS usd_value, first, last
ORDER BY coalesce(usd_value, 0) DESC, amount DESC, n.address
