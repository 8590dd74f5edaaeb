// Question: Within which hours did many wallets pay this one, and then it as many others?
// Params: chain, wallet, within_hours, least_wallets, since, until, row_limit
// Returns: path, begins, ends, senders, receivers, usd_value
CYPHER 25
// In milliseconds: the index of times would read all wallets' transfers.
WITH datetime(coalesce($since, '0001-01-01T00:00:00Z')).epochMillis AS since,
  datetime(coalesce($until, '9999-12-31T00:00:00Z')).epochMillis AS until
MATCH (w:Wallet {chain: $chain, address: $wallet})
CALL (w, since, until) {
  MATCH (w)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n)
  WHERE n <> w AND since <= t.occurred_at.epochMillis < until
  // Windows overlap: they begin every quarter of their length.
  UNWIND range(0, 3) AS back
  WITH toInteger(floor(t.occurred_at.epochSeconds / ($within_hours * 900.0))) - back AS window, n, endNode(t) = w AS is_paid, t
  WITH window, n, is_paid, min(t.seq) AS first, max(t.seq) AS last, sum(t.usd_value) AS usd_value
  ORDER BY first
  WITH window, sum(CASE WHEN is_paid THEN usd_value END) AS usd_value,
    collect(CASE WHEN is_paid THEN first END) AS paid, collect(CASE WHEN NOT is_paid THEN last END) AS pays
  WHERE size(paid) >= $least_wallets AND size(pays) >= $least_wallets
  // After so many had paid it, the wallet paid these.
  WITH window, usd_value, size(paid) AS senders, size([s IN pays WHERE s > paid[toInteger($least_wallets) - 1]]) AS receivers
  WHERE receivers >= $least_wallets
  // Of the windows that begin on one day, the one with most.
  ORDER BY receivers DESC, senders DESC, window
  WITH (window * toInteger($within_hours) * 900) / 86400 AS day, collect({window: window, senders: senders, receivers: receivers, usd_value: usd_value})[0] AS most
  RETURN most
}
WITH w, most, since, until
ORDER BY most.receivers DESC, most.senders DESC, most.window
LIMIT toInteger($row_limit)
RETURN COLLECT {
    MATCH p = (w)-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(n WHERE n <> w)
    WHERE since <= t.occurred_at.epochMillis < until
      AND most.window <= toInteger(floor(t.occurred_at.epochSeconds / ($within_hours * 900.0))) <= most.window + 3
    RETURN p ORDER BY t.seq LIMIT 40
  } AS path,
  datetime({epochSeconds: most.window * toInteger($within_hours) * 900}) AS begins,
  datetime({epochSeconds: (most.window + 4) * toInteger($within_hours) * 900}) AS ends,
  most.senders AS senders, most.receivers AS receivers, round(most.usd_value, 2) AS usd_value
ORDER BY receivers DESC, senders DESC, begins
