// Question: Along which chains of the record did a sum go on, a small part peeled off at every wallet?
// Params: chain, within_hours, least_rest, least_usd, max_transfers, since, until, row_limit
// Returns: path, wallets, hops, units_before, units_after, asset, usd_value, started, arrived
CYPHER 25
// Scans: every transfer of these times, once. A wallet with more transfers out than that is no link of a chain.
WITH datetime(coalesce($since, '0001-01-01T00:00:00Z')) AS since, datetime(coalesce($until, '9999-12-31T00:00:00Z')) AS until
MATCH (origin:Wallet {chain: $chain})-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL AND t.usd_value >= $least_usd]->
      (n:Wallet WHERE n.category IS NULL)
WHERE since <= t.occurred_at < until
  AND COUNT { (n)-[:TRANSFER]->() } <= $max_transfers
WITH origin, t AS first, n
// Only from where it begins: a transfer that goes on with another one is in the middle of a chain.
WHERE origin.category IS NOT NULL OR COUNT { (origin)-[:TRANSFER]->() } > $max_transfers OR NOT EXISTS {
  MATCH (origin)<-[e:TRANSFER]-()
  WHERE first.asset_id = e.asset_id
    AND e.retracted IS NULL
    AND $least_rest * e.amount <= first.amount < e.amount
    AND first.seq > e.seq
    AND first.occurred_at.epochSeconds - e.occurred_at.epochSeconds <= $within_hours * 3600
    AND e.usd_value >= $least_usd
}
MATCH path = (origin)-[first]->(n)
             ((x WHERE x.category IS NULL AND COUNT { (x)-[:TRANSFER]->() } <= $max_transfers)-[s:TRANSFER]->(y)){2,19}(last)
WHERE allReduce(
  before = first,
  s IN s | CASE
    WHEN s.asset_id = before.asset_id
     AND s.retracted IS NULL
     AND $least_rest * before.amount <= s.amount < before.amount
     AND s.seq > before.seq
     AND s.occurred_at.epochSeconds - before.occurred_at.epochSeconds <= $within_hours * 3600
    THEN s END,
  before IS NOT NULL)
WITH path, first, last, s[-1] AS final
// Only the longest: one that could go on is the beginning of another.
WHERE length(path) = 20 OR NOT EXISTS {
  MATCH (last WHERE last.category IS NULL AND COUNT { (last)-[:TRANSFER]->() } <= $max_transfers)-[u:TRANSFER]->()
  WHERE u.asset_id = final.asset_id
    AND u.retracted IS NULL
    AND $least_rest * final.amount <= u.amount < final.amount
    AND u.seq > final.seq
    AND u.occurred_at.epochSeconds - final.occurred_at.epochSeconds <= $within_hours * 3600
}
RETURN path, reduce(line = '', w IN nodes(path) |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  length(path) AS hops, round(first.amount / 10.0 ^ coalesce(first.decimals, 0), 8) AS units_before,
  round(final.amount / 10.0 ^ coalesce(final.decimals, 0), 8) AS units_after, first.asset AS asset,
  round(first.usd_value, 2) AS usd_value, first.occurred_at AS started, final.occurred_at AS arrived
ORDER BY hops DESC, coalesce(usd_value, 0) DESC, first.transaction_hash, final.seq
LIMIT toInteger($row_limit)
