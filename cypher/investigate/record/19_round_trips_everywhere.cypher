// Question: Which sums of the record went round and came back to their wallet nearly whole?
// Params: chain, hop_limit, within_hours, least_rest, least_usd, max_transfers, since, until, row_limit
// Returns: path, wallets, hops, units_before, units_after, asset, usd_value, started, arrived
CYPHER 25
// Scans: every transfer of these times, once. A wallet with more transfers out than that is no link of a round trip.
WITH datetime(coalesce($since, '0001-01-01T00:00:00Z')) AS since, datetime(coalesce($until, '9999-12-31T00:00:00Z')) AS until
MATCH (origin:Wallet {chain: $chain})-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL AND t.usd_value >= $least_usd]->
      (n:Wallet WHERE n.category IS NULL)
WHERE since <= t.occurred_at < until
  AND origin.category IS NULL AND n <> origin AND EXISTS { (origin)<-[:TRANSFER]-() }
  AND COUNT { (n)-[:TRANSFER]->() } <= $max_transfers
WITH origin, t AS first, n
MATCH path = (origin)-[first]->(n)
             ((x WHERE x.category IS NULL AND x <> origin AND COUNT { (x)-[:TRANSFER]->() } <= $max_transfers)-[s:TRANSFER]->(y)){1,7}(origin)
// Each transfer hands on nearly all of the one before it, or a little more, within the hours.
WHERE allReduce(
  step = {before: first, hop: 1},
  s IN s | CASE
    WHEN s.asset_id = step.before.asset_id
     AND s.retracted IS NULL
     AND step.hop < $hop_limit
     AND $least_rest * step.before.amount <= s.amount <= step.before.amount / $least_rest
     AND s.seq > step.before.seq
     AND s.occurred_at.epochSeconds - step.before.occurred_at.epochSeconds <= $within_hours * 3600
    THEN {before: s, hop: step.hop + 1} END,
  step IS NOT NULL)
WITH path, first, s[-1] AS final
RETURN path, reduce(line = '', w IN nodes(path) |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  length(path) AS hops, round(first.amount / 10.0 ^ coalesce(first.decimals, 0), 8) AS units_before,
  round(final.amount / 10.0 ^ coalesce(final.decimals, 0), 8) AS units_after, first.asset AS asset,
  round(first.usd_value, 2) AS usd_value, first.occurred_at AS started, final.occurred_at AS arrived
ORDER BY coalesce(usd_value, 0) DESC, hops, first.transaction_hash, final.seq
LIMIT toInteger($row_limit)
