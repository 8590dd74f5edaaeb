// Question: Over which transfers did money of this wallet come back to it?
// Params: chain, wallet, hop_limit, least_share, row_limit
// Returns: path, hops, asset, carried, share
CYPHER 25
MATCH (w:Wallet {chain: $chain, address: $wallet})-[d:TRANSFER WHERE d.send_pool IS NOT NULL]->()
WITH w, d.asset_id AS asset_id, sum(d.amount) AS total
MATCH path = (w)-[first:TRANSFER WHERE first.asset_id = asset_id AND first.send_pool IS NOT NULL
                  AND first.amount >= $least_share * total]->(neighbour)
             ((x WHERE x.category IS NULL AND x <> w)-[t:TRANSFER]->(y)){1,5}(w)
// In the order of the ledger and from the same pool. A path ends when it returns to the wallet.
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
WITH path, total, first,
  reduce(
    kept = {amount: first.amount, drain: first.recv_drain},
    s IN t | {amount: kept.amount * s.send_share * exp(kept.drain - s.send_drain), drain: s.recv_drain}
  ).amount AS carried
RETURN path, length(path) AS hops, first.asset AS asset, carried, carried / total AS share
ORDER BY share DESC, hops, first.transaction_hash
LIMIT toInteger($row_limit)
