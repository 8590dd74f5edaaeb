// Question: What are the canonical lines of the edges with an id in this range?
// Params: after, last, separator
// Returns: lines
CYPHER 25
// The order of the fields is that of app/projection/canonical_lines.py. The last field names what a line cannot show:
// an amount that is not its exact text, a time that is not in UTC or finer than the record's, a value of another type.
MATCH (s)-[t:TRANSFER]->(r)
WHERE t.transfer_id > $after AND t.transfer_id <= $last AND t.transfer_id IS :: INTEGER NOT NULL
WITH s, t, r, t.transfer_id AS transfer_id,
     CASE WHEN t.occurred_at IS :: ZONED DATETIME NOT NULL THEN t.occurred_at END AS at
ORDER BY transfer_id
WITH transfer_id, [
  s.wallet_id, r.wallet_id, t.transaction_hash,
  CASE WHEN t.seq IS :: INTEGER NOT NULL THEN t.seq % 65536 END, t.seq,
  at.epochSeconds * 1000000 + at.microsecond,
  t.asset_id, t.asset, t.amount_exact, t.decimals, t.usd_value, t.unobserved,
  coalesce(t.retracted, false),
  t.send_drain, t.send_share, t.recv_drain, t.send_pool, t.recv_pool, t.batch, t.revision,
  CASE WHEN t.amount = toFloatOrNull(t.amount_exact) THEN '' ELSE 'amount ' END
    + CASE WHEN at.offsetSeconds = 0 AND at.nanosecond % 1000 = 0 THEN '' ELSE 'occurred_at ' END
    + CASE WHEN [t.seq, t.asset_id, t.decimals, t.send_pool, t.recv_pool, t.batch, t.revision] IS :: LIST<INTEGER>
            AND [t.amount, t.usd_value, t.unobserved, t.send_drain, t.send_share, t.recv_drain] IS :: LIST<FLOAT>
            AND [t.transaction_hash, t.asset, t.amount_exact] IS :: LIST<STRING>
            AND t.retracted IS :: BOOLEAN
           THEN '' ELSE 'type ' END
] AS fields
RETURN collect(reduce(
  line = toString(transfer_id), field IN fields |
  line + $separator + coalesce(toStringOrNull(field), CASE WHEN field IS NULL THEN '' ELSE 'of another type' END)
)) AS lines
