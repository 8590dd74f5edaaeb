// Question: Where did the money of these transfers come from, by category and number of transfers?
// Params: transfer_ids, watermark, hop_limit, firm_confidence
// Returns: transfer_id, asset_id, category, listed, firm, hop, amount, unobserved, usd, unobserved_usd, paths
CYPHER 25
UNWIND $transfer_ids AS transfer_id
MATCH ()<-[last:TRANSFER {transfer_id: transfer_id}]-(neighbour)
WHERE last.recv_pool IS NOT NULL AND last.batch <= $watermark
// As source_paths, but of one transfer and not of all that a wallet received.
MATCH (neighbour)((x WHERE x.category IS NULL)<-[t:TRANSFER]-(y)){0,5}(origin)
WHERE allReduce(
  step = {hop: 1, pool: last.send_pool, next: last},
  s IN t | CASE
    WHEN s.recv_pool = step.pool
     AND (s.seq < step.next.seq OR s.seq = step.next.seq AND s.transaction_hash < step.next.transaction_hash)
     AND step.hop < $hop_limit
     AND s.batch <= $watermark
    THEN {hop: step.hop + 1, pool: s.send_pool, next: s} END,
  step IS NOT NULL)
WITH transfer_id, last, origin, size(t) + 1 AS hop, CASE t WHEN [] THEN last ELSE t[-1] END AS first,
  reduce(
    carried = {part: 1.0, share: last.send_share, drain: last.send_drain},
    s IN t | {
      part: carried.part * carried.share * exp(s.recv_drain - carried.drain),
      share: s.send_share, drain: s.send_drain}).part AS part
WITH transfer_id, last.asset_id AS asset_id, origin.category AS category, hop,
  CASE
    WHEN origin.category IS NULL OR coalesce(origin.listed_from, origin.listed_until) IS NULL THEN null
    WHEN first.occurred_at.epochSeconds * 1000000 + first.occurred_at.microsecond < origin.listed_from THEN 'before'
    WHEN first.occurred_at.epochSeconds * 1000000 + first.occurred_at.microsecond >= origin.listed_until THEN 'after'
    ELSE 'while' END AS listed,
  origin.category IS NULL OR origin.label_confidence >= $firm_confidence AS firm, part * first.amount AS amount,
  part * coalesce(first.unobserved, 0.0) AS unobserved,
  CASE WHEN last.usd_value > 0 THEN last.usd_value / last.amount ELSE 0.0 END AS price
RETURN transfer_id, asset_id, category, listed, firm, hop, sum(amount) AS amount, sum(unobserved) AS unobserved,
  sum(amount * price) AS usd, sum(unobserved * price) AS unobserved_usd, count(*) AS paths
