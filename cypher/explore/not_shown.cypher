// Question: Which neighbours of the expanded wallets are not shown: how many, with how many transfers, worth how much?
// Params: chain, expanded, addresses, asset, since, until, least_usd
// Returns: address, way, wallets, transfers, usd_value
CYPHER 25
UNWIND $expanded AS each
MATCH (w:Wallet {chain: $chain, address: each.address})
CALL (w, each) {
  MATCH (w)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n)
  WHERE (each.way = 'in') = (endNode(t) = w) AND n <> w AND NOT n.address IN $addresses
    AND ($asset IS NULL OR t.asset = $asset) AND ($least_usd IS NULL OR t.usd_value >= $least_usd)
    AND ($since IS NULL OR t.occurred_at >= $since)
    AND ($until IS NULL OR t.occurred_at < $until)
  RETURN count(DISTINCT n) AS wallets, count(*) AS transfers, sum(coalesce(t.usd_value, 0.0)) AS usd_value
}
WITH each, wallets, transfers, usd_value WHERE wallets > 0
RETURN each.address AS address, each.way AS way, wallets, transfers, usd_value
