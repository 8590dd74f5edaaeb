// Question: Which wallets that are not shown did this one pay, those with most value first, and what do all of them add up to?
// Params: chain, address, shown, row_limit, asset, since, until, least_usd
// Returns: wallets, total
CYPHER 25
MATCH (:Wallet {chain: $chain, address: $address})-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL
  AND ($asset IS NULL OR t.asset = $asset) AND ($least_usd IS NULL OR t.usd_value >= $least_usd)
  AND ($since IS NULL OR t.occurred_at >= $since) AND ($until IS NULL OR t.occurred_at < $until)]->(n)
WHERE n.address <> $address
WITH n, count(t) AS transfers, sum(coalesce(t.usd_value, 0.0)) AS usd_value,
  count(t.usd_value) AS priced, collect(DISTINCT t.asset)[..3] AS assets
ORDER BY usd_value DESC, transfers DESC, n.address
WITH collect({
  chain: n.chain, address: n.address, name: n.name, category: n.category, transfers: transfers,
  usd_value: usd_value, priced: priced, assets: assets
}) AS neighbours
WITH neighbours, [n IN neighbours WHERE NOT n.address IN $shown] AS others
RETURN others[..toInteger($row_limit)] AS wallets,
  {
    wallets: size(neighbours),
    not_shown: size(others),
    transfers: reduce(sum = 0, each IN others | sum + each.transfers),
    usd_value: reduce(sum = 0.0, each IN others | sum + each.usd_value)
  } AS total
