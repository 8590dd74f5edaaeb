// Question: Which wallets paid this one, the largest first, and how often?
// Params: chain, wallet, since, until, row_limit
// Returns: path, counterparty, asset, transfers, amount, first, last
CYPHER 25
MATCH (w:Wallet {chain: $chain, address: $wallet})<-[t:TRANSFER]-(n)
WHERE t.amount > 0 AND n <> w AND t.retracted IS NULL
  AND datetime($since) <= t.occurred_at < datetime($until)
// One line for each wallet and asset: the largest of its transfers is drawn, the others are counted.
ORDER BY t.amount DESC, t.transaction_hash
WITH w, n, t.asset AS asset, collect(t)[0] AS largest, count(*) AS transfers, sum(t.amount) AS amount,
  min(t.occurred_at) AS first, max(t.occurred_at) AS last
ORDER BY amount DESC, n.address
LIMIT toInteger($row_limit)
MATCH path = (w)<-[t:TRANSFER]-(n) WHERE t = largest
RETURN path, n.name AS counterparty, asset, transfers, amount, first, last
ORDER BY amount DESC, n.address
