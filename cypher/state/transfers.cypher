// Question: What do the edges after this one say, in a page, each as one text for the digest?
// Params: after, rows, separator
// Returns: last, texts
CYPHER 25
// After the number, the order of the fields is that of app/projection/lines.py. A float that is not its
// exact text, and a time that is not in UTC, leave a word in the last of them, and so do not go unseen.
MATCH (s)-[t:TRANSFER]->(r) WHERE t.transfer_id > $after
WITH s, t, r, t.transfer_id AS transfer_id
ORDER BY transfer_id LIMIT toInteger($rows)
WITH transfer_id, [
  s.chain, t.transaction_hash, t.transfer_index, t.block_number, t.seq,
  t.occurred_at.epochSeconds * 1000000 + t.occurred_at.microsecond,
  s.address, r.chain, r.address, t.asset, t.amount_exact, t.decimals, t.usd_value_exact, t.unobserved_exact,
  coalesce(t.retracted, false),
  t.send_drain, t.send_share, t.recv_drain, t.send_pool, t.recv_pool,
  CASE WHEN t.amount = toFloat(t.amount_exact) THEN '' ELSE 'amount ' END
    + CASE WHEN t.usd_value = toFloat(t.usd_value_exact) OR t.usd_value IS NULL AND t.usd_value_exact IS NULL
           THEN '' ELSE 'usd_value ' END
    + CASE WHEN t.unobserved = toFloat(t.unobserved_exact) OR t.unobserved IS NULL AND t.unobserved_exact IS NULL
           THEN '' ELSE 'unobserved ' END
    + CASE WHEN t.occurred_at.offsetSeconds = 0 THEN '' ELSE 'occurred_at ' END,
  s.wallet_id, r.wallet_id, t.asset_id, t.batch, t.revision
] AS fields
RETURN max(transfer_id) AS last, collect(
  reduce(text = toString(transfer_id), field IN fields | text + $separator + coalesce(toStringOrNull(field), ''))
) AS texts
