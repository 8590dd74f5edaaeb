// Question: Over which transfers did money of labelled wallets reach this wallet?
// Params: chain, wallet, hop_limit, least_share, through_labels, row_limit
// Returns: path, wallets, category, label, hops, units, asset, usd_value, share, through
CYPHER 25
MATCH (target:Wallet {chain: $chain, address: $wallet})<-[d:TRANSFER WHERE d.recv_pool IS NOT NULL]-()
WITH target, d.asset_id AS asset_id, sum(d.amount) AS total
MATCH path = (target)<-[last:TRANSFER WHERE last.asset_id = asset_id AND last.recv_pool IS NOT NULL
                        AND last.amount >= $least_share * total]-(neighbour)
             ((x WHERE $through_labels OR x.category IS NULL)<-[t:TRANSFER]-(y)){0,5}(origin WHERE origin.category IS NOT NULL)
// A path is followed backwards while enough of its first transfer is still in its last.
WHERE allReduce(
  step = {hop: 1, pool: last.send_pool, next: last, share: last.send_share, drain: last.send_drain, part: 1.0},
  s IN t | CASE
    WHEN s.recv_pool = step.pool
     AND (s.seq < step.next.seq OR s.seq = step.next.seq AND s.transaction_hash < step.next.transaction_hash)
     AND step.hop < $hop_limit
     AND s.amount * step.part * step.share * exp(s.recv_drain - step.drain) >= $least_share * total
    THEN {hop: step.hop + 1, pool: s.send_pool, next: s, share: s.send_share, drain: s.send_drain,
          part: step.part * step.share * exp(s.recv_drain - step.drain)} END,
  step IS NOT NULL)
WITH path, origin, total, last, CASE t WHEN [] THEN last ELSE t[-1] END AS first,
  reduce(
    kept = {part: 1.0, share: last.send_share, drain: last.send_drain},
    s IN t | {part: kept.part * kept.share * exp(s.recv_drain - kept.drain), share: s.send_share, drain: s.send_drain}
  ).part AS part
RETURN path, reduce(line = '', w IN reverse(nodes(path)) |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  origin.category AS category, origin.label AS label, length(path) AS hops,
  round(part * first.amount / 10.0 ^ coalesce(last.decimals, 0), 8) AS units, last.asset AS asset,
  round(part * first.amount * last.usd_value / last.amount, 2) AS usd_value, part * first.amount / total AS share,
  [w IN reverse(nodes(path)[1..-1]) WHERE w.category IS NOT NULL |
    coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)] AS through
ORDER BY share DESC, hops, first.transaction_hash
LIMIT toInteger($row_limit)
