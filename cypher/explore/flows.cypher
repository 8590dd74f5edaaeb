// Question: What moved between these wallets, added up by sender, receiver and asset, and how much of it do the filters keep?
// Params: chain, addresses, asset, since, until, least_usd
// Returns: sender, receiver, asset, decimals, transfers, amount, usd_value, priced, first, last, transfers_in_all, first_in_all, last_in_all
CYPHER 25
UNWIND $addresses AS address
MATCH (a:Wallet {chain: $chain, address: address})-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]->(b)
WHERE b.address IN $addresses AND b <> a
WITH a.address AS sender, b.address AS receiver, t,
  ($asset IS NULL OR t.asset = $asset) AND ($least_usd IS NULL OR coalesce(t.usd_value >= $least_usd, false))
  AND ($since IS NULL OR t.occurred_at >= $since)
  AND ($until IS NULL OR t.occurred_at < $until) AS kept
RETURN sender, receiver, t.asset AS asset, max(t.decimals) AS decimals,
  count(CASE WHEN kept THEN 1 END) AS transfers,
  sum(CASE WHEN kept THEN t.amount ELSE 0.0 END) AS amount,
  sum(CASE WHEN kept THEN coalesce(t.usd_value, 0.0) ELSE 0.0 END) AS usd_value,
  count(CASE WHEN kept THEN t.usd_value END) AS priced,
  min(CASE WHEN kept THEN t.occurred_at END) AS first, max(CASE WHEN kept THEN t.occurred_at END) AS last,
  count(*) AS transfers_in_all, min(t.occurred_at) AS first_in_all, max(t.occurred_at) AS last_in_all
ORDER BY sender, receiver, asset
