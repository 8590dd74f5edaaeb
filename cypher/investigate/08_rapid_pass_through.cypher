// Question: Which sums of this wallet crossed other wallets within minutes, nearly whole?
// Params: chain, wallet, within_minutes, least_rest, row_limit
// Returns: path, hops, asset, started, arrived
CYPHER 25
MATCH path = (:Wallet {chain: $chain, address: $wallet})-[first:TRANSFER WHERE first.amount > 0 AND first.retracted IS NULL]->
             (neighbour)((x WHERE x.category IS NULL)-[t:TRANSFER]->(y)){1,9}(last)
WHERE allReduce(
  before = first,
  s IN t | CASE
    WHEN s.asset_id = before.asset_id
     AND s.retracted IS NULL
     AND $least_rest * before.amount <= s.amount <= before.amount
     AND s.seq > before.seq
     AND s.occurred_at.epochSeconds - before.occurred_at.epochSeconds <= $within_minutes * 60
    THEN s END,
  before IS NOT NULL)
WITH path, first, t[-1] AS final
// Only the longest: a path that begins a longer one is drawn as part of it.
ORDER BY length(path) DESC, first.transaction_hash, final.seq
WITH collect({path: path, first: first, final: final}) AS candidates
UNWIND range(0, size(candidates) - 1) AS index
WITH candidates[index] AS candidate, candidates[..index] AS longer
WHERE NOT any(other IN longer
  WHERE relationships(other.path)[..length(candidate.path)] = relationships(candidate.path))
RETURN candidate.path AS path, length(candidate.path) AS hops, candidate.first.asset AS asset,
  candidate.first.occurred_at AS started, candidate.final.occurred_at AS arrived
LIMIT toInteger($row_limit)
