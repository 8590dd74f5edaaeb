// Question: With which wallets did both of these move money, and how often?
// Params: chain, wallet, other, row_limit
// Returns: path, counterparty, category, from_wallet, to_wallet, from_other, to_other, usd_value, first, last
CYPHER 25
MATCH (w:Wallet {chain: $chain, address: $wallet})
MATCH (o:Wallet {chain: $chain, address: $other})
// From the one with fewer transfers, however many the other has.
WITH w, o, COUNT { (w)-[:TRANSFER]-() } <= COUNT { (o)-[:TRANSFER]-() } AS is_smaller
WITH w, o, CASE WHEN is_smaller THEN w ELSE o END AS few, CASE WHEN is_smaller THEN o ELSE w END AS many
MATCH (few)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n WHERE n <> w AND n <> o)
WITH DISTINCT w, o, many, n
MATCH (n)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(many)
WITH DISTINCT w, o, n
UNWIND [w, o] AS end
MATCH path = (n)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(end)
ORDER BY coalesce(t.usd_value, 0) DESC, t.amount DESC, t.transaction_hash
WITH n, collect(path)[..20] AS path, sum(CASE WHEN end = w AND endNode(t) = n THEN 1 ELSE 0 END) AS from_wallet,
  sum(CASE WHEN end = w AND endNode(t) = w THEN 1 ELSE 0 END) AS to_wallet,
  sum(CASE WHEN end = o AND endNode(t) = n THEN 1 ELSE 0 END) AS from_other,
  sum(CASE WHEN end = o AND endNode(t) = o THEN 1 ELSE 0 END) AS to_other,
  CASE count(t.usd_value) WHEN 0 THEN null ELSE round(sum(t.usd_value), 2) END AS usd_value, min(t.occurred_at) AS first, max(t.occurred_at) AS last
RETURN path, coalesce(n.label + ' ', '') + left(n.address, 6) + '…' + right(n.address, 4) AS counterparty,
  n.category AS category, from_wallet, to_wallet, from_other, to_other, usd_value, first, last
ORDER BY coalesce(usd_value, 0) DESC, n.address
LIMIT toInteger($row_limit)
