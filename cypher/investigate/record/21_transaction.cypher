// Question: Which transfers does this transaction have, from whom to whom?
// Params: transaction_hash, row_limit
// Returns: path, sender, receiver, units, asset, usd_value, occurred_at, retracted
CYPHER 25
MATCH path = (s:Wallet)-[t:TRANSFER {transaction_hash: $transaction_hash}]->(r:Wallet)
RETURN path, coalesce(s.label + ' ', '') + left(s.address, 6) + '…' + right(s.address, 4) AS sender,
  coalesce(r.label + ' ', '') + left(r.address, 6) + '…' + right(r.address, 4) AS receiver,
  round(t.amount / 10.0 ^ coalesce(t.decimals, 0), 8) AS units, t.asset AS asset, round(t.usd_value, 2) AS usd_value,
  t.occurred_at AS occurred_at, coalesce(t.retracted, false) AS retracted
ORDER BY t.seq
LIMIT toInteger($row_limit)
