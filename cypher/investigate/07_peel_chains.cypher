// Question: Along which chains did a sum go on from this wallet, a small part peeled off at every wallet?
// Params: chain, wallet, within_hours, least_rest, row_limit
// Returns: path, hops, asset, started, arrived
CYPHER 25
// Each transfer hands on most of the one before it, never all, within the hours; three transfers are a chain.
MATCH path = (:Wallet {chain: $chain, address: $wallet})-[first:TRANSFER WHERE first.amount > 0 AND first.retracted IS NULL]->
             (neighbour)((x WHERE x.category IS NULL)-[t:TRANSFER]->(y)){2,19}(last)
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
WITH path, first, t[-1] AS final
// Only the longest: a chain that begins a longer one is drawn as part of it.
ORDER BY length(path) DESC, first.transaction_hash, final.seq
WITH collect({path: path, first: first, final: final}) AS chains
UNWIND range(0, size(chains) - 1) AS index
WITH chains[index] AS chain, chains[..index] AS longer
WHERE NOT any(other IN longer
  WHERE relationships(other.path)[..length(chain.path)] = relationships(chain.path))
RETURN chain.path AS path, length(chain.path) AS hops, chain.first.asset AS asset,
  chain.first.occurred_at AS started, chain.final.occurred_at AS arrived
LIMIT toInteger($row_limit)
