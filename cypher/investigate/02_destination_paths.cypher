// Question: Over which transfers did money of this wallet reach labelled wallets?
// Params: chain, wallet, hop_limit, least_share, through_labels, row_limit
// Returns: path, wallets, category, label, hops, units, asset, usd_value, share, through
CYPHER 25
MATCH (origin:Wallet {chain: $chain, address: $wallet})-[d:TRANSFER WHERE d.send_pool IS NOT NULL]->()
WITH origin, d.asset_id AS asset_id, sum(d.amount) AS total
MATCH path = (origin)-[first:TRANSFER WHERE first.asset_id = asset_id AND first.send_pool IS NOT NULL
                       AND first.amount >= $least_share * total]->(neighbour)
             ((x WHERE $through_labels OR x.category IS NULL)-[t:TRANSFER]->(y)){0,5}(target WHERE target.category IS NOT NULL)
// A path is followed forwards while enough of its first transfer is still in its last.
WHERE allReduce(
  step = {hop: 1, pool: first.recv_pool, before: first, drain: first.recv_drain, carried: first.amount},
  s IN t | CASE
    WHEN s.send_pool = step.pool
     AND (s.seq > step.before.seq OR s.seq = step.before.seq AND s.transaction_hash > step.before.transaction_hash)
     AND step.hop < $hop_limit
     AND step.carried * s.send_share * exp(step.drain - s.send_drain) >= $least_share * total
    THEN {hop: step.hop + 1, pool: s.recv_pool, before: s, drain: s.recv_drain,
          carried: step.carried * s.send_share * exp(step.drain - s.send_drain)} END,
  step IS NOT NULL)
WITH path, target, total, first,
  reduce(
    kept = {amount: first.amount, drain: first.recv_drain},
    s IN t | {amount: kept.amount * s.send_share * exp(kept.drain - s.send_drain), drain: s.recv_drain}
  ).amount AS carried
RETURN path, reduce(line = '', w IN nodes(path) |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  target.category AS category, target.label AS label,
  length(path) AS hops,
  round(carried / 10.0 ^ coalesce(first.decimals, 0), 8) AS units, first.asset AS asset,
  round(carried * first.usd_value / first.amount, 2) AS usd_value, carried / total AS share,
  [w IN nodes(path)[1..-1] WHERE w.category IS NOT NULL |
    coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)] AS through
ORDER BY share DESC, hops, first.transaction_hash
LIMIT toInteger($row_limit)
