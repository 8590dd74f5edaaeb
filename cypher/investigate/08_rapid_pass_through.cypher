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
// The longest only: what is the beginning of a longer way is drawn with that one.
ORDER BY length(path) DESC, first.transaction_hash, final.seq
WITH collect({path: path, first: first, final: final}) AS ways
UNWIND range(0, size(ways) - 1) AS place
WITH ways[place] AS way, ways[..place] AS longer
WHERE NOT any(other IN longer
  WHERE relationships(other.path)[..length(way.path)] = relationships(way.path))
RETURN way.path AS path, length(way.path) AS hops, way.first.asset AS asset,
  way.first.occurred_at AS started, way.final.occurred_at AS arrived
LIMIT toInteger($row_limit)
