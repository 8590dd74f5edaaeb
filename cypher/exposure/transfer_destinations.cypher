// Question: Where did the money of these transfers go, by category and number of transfers?
// Params: transfer_ids, watermark, hop_limit, firm_confidence
// Returns: transfer_id, asset_id, category, listed, firm, hop, amount, usd, paths
CYPHER 25
UNWIND $transfer_ids AS transfer_id
MATCH ()-[first:TRANSFER {transfer_id: transfer_id}]->(neighbour)
WHERE first.send_pool IS NOT NULL AND first.batch <= $watermark
// As destination_paths, but of one transfer and not of all that a wallet sent.
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
WITH transfer_id, first, end, size(t) + 1 AS hop, CASE t WHEN [] THEN first ELSE t[-1] END AS last,
  reduce(
    carried = {amount: first.amount, drain: first.recv_drain},
    s IN t | {
      amount: carried.amount * s.send_share * exp(carried.drain - s.send_drain),
      drain: s.recv_drain}).amount AS amount
WITH transfer_id, first, hop, amount, end.category AS category,
  CASE
    WHEN end.category IS NULL OR coalesce(end.listed_from, end.listed_until) IS NULL THEN null
    WHEN last.occurred_at.epochSeconds * 1000000 + last.occurred_at.microsecond < end.listed_from THEN 'before'
    WHEN last.occurred_at.epochSeconds * 1000000 + last.occurred_at.microsecond >= end.listed_until THEN 'after'
    ELSE 'while' END AS listed,
  end.category IS NULL OR end.label_confidence >= $firm_confidence AS firm,
  CASE WHEN first.usd_value > 0 THEN first.usd_value / first.amount ELSE 0.0 END AS price
RETURN transfer_id, first.asset_id AS asset_id, category, listed, firm, hop, sum(amount) AS amount,
  sum(amount * price) AS usd, count(*) AS paths
