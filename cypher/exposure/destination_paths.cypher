// Question: How much of what these wallets sent reached labelled wallets, by category and number of transfers?
// Params: wallet_ids, watermark, hop_limit, firm_confidence, other_values
// Returns: wallet_id, asset_id, category, listed, firm, hop, amount, usd, paths
CYPHER 25
UNWIND $wallet_ids AS wallet_id
MATCH (:Wallet {wallet_id: wallet_id})
      -[first:TRANSFER WHERE first.send_pool IS NOT NULL AND first.batch <= $watermark]->(neighbour)
// Each path is walked forwards from the wallet. Only its first transfer may touch a labelled wallet on both
// sides: tracing never goes through one. category is null where the path ends at an unlabelled wallet, and
// every longer path through that wallet is a row of its own.
MATCH (neighbour)((x WHERE x.category IS NULL)-[t:TRANSFER]->(y)){0,5}(end)
WHERE allReduce(
  step = {hop: 1, pool: first.recv_pool, before: first},
  s IN t | CASE
    WHEN s.send_pool = step.pool
     AND (s.seq > step.before.seq OR s.seq = step.before.seq AND s.transaction_hash > step.before.transaction_hash)
     AND step.hop < $hop_limit
     AND s.batch <= $watermark
    THEN {hop: step.hop + 1, pool: s.recv_pool, before: s} END,
  step IS NOT NULL)
// The amount of the first transfer that is still in the last one.
WITH wallet_id, first, end, size(t) + 1 AS hop, CASE t WHEN [] THEN first ELSE t[-1] END AS last,
  reduce(
    carried = {amount: first.amount, drain: first.recv_drain},
    s IN t | {
      amount: carried.amount * s.send_share * exp(carried.drain - s.send_drain),
      drain: s.recv_drain}).amount AS amount
WITH wallet_id, first, hop, amount, end.category AS category,
  // When the money reached a wallet whose listing has dates.
  CASE
    WHEN end.category IS NULL OR coalesce(end.listed_from, end.listed_until) IS NULL THEN null
    WHEN last.occurred_at.epochSeconds * 1000000 + last.occurred_at.microsecond < end.listed_from THEN 'before'
    WHEN last.occurred_at.epochSeconds * 1000000 + last.occurred_at.microsecond >= end.listed_until THEN 'after'
    ELSE 'while' END AS listed,
  end.category IS NULL OR end.label_confidence >= $firm_confidence AS firm,
  // Of transfers whose own value the run does not use, $other_values has the one that it uses.
  coalesce($other_values[toString(first.transfer_id)], first.usd_value) / first.amount AS price
RETURN wallet_id, first.asset_id AS asset_id, category, listed, firm, hop, sum(amount) AS amount,
  sum(CASE WHEN price > 0 THEN amount * price ELSE 0.0 END) AS usd,
  count(*) AS paths
