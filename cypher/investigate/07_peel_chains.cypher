// Question: Along which chains did a sum go on from this wallet, a small part peeled off at every wallet?
// Params: chain, wallet, within_hours, least_rest, through_labels, row_limit
// Returns: path, wallets, hops, units_before, units_after, asset, usd_value, started, arrived, through
CYPHER 25
// Each transfer hands on most of the one before it, never all, within the hours; three transfers are a chain.
MATCH path = (:Wallet {chain: $chain, address: $wallet})-[first:TRANSFER WHERE first.amount > 0 AND first.retracted IS NULL]->
             (neighbour)((x WHERE $through_labels OR x.category IS NULL)-[t:TRANSFER]->(y)){2,19}(last)
WHERE allReduce(
  before = first,
  s IN t | CASE
    WHEN s.asset_id = before.asset_id
     AND s.retracted IS NULL
     AND $least_rest * before.amount <= s.amount < before.amount
     AND s.seq > before.seq
     AND s.occurred_at.epochSeconds - before.occurred_at.epochSeconds <= $within_hours * 3600
    THEN s END,
  before IS NOT NULL)
WITH path, first, last, t[-1] AS final
// Only the longest: one that could go on is the beginning of another.
WHERE length(path) = 20 OR NOT EXISTS {
  MATCH (last WHERE $through_labels OR last.category IS NULL)-[u:TRANSFER]->()
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
  round(first.usd_value, 2) AS usd_value, first.occurred_at AS started, final.occurred_at AS arrived,
  [w IN nodes(path)[1..-1] WHERE w.category IS NOT NULL |
    coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)] AS through
ORDER BY hops DESC, first.transaction_hash, final.seq
LIMIT toInteger($row_limit)
