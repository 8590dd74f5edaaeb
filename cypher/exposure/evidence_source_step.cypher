// Question: Which deposits of these pools make up at least the given amount of a send after them?
// Params: pools, watermark, row_limit
// Returns: next_id, fraction, transfer_id, transaction_hash, seq, amount, pool, drain, share, category, restated
CYPHER 25
UNWIND $pools AS p
// A deposit that has decayed further than the largest one may have is too small. Near a hub this leaves a few of
// its many thousand transfers. One index has pool, drain and amount: it finds them without the hub's wallet, and
// without reading the transfers that are too small.
CALL (p) {
  MATCH ()-[d:TRANSFER]->()
  WHERE d.recv_pool = p.pool AND d.recv_drain <= p.furthest_drain AND d.amount >= p.least
  RETURN max(d.amount) AS largest
}
UNWIND p.links AS next
WITH p, next, next.drain - log(largest / next.least) - 1e-6 AS lowest
WHERE lowest <= next.drain
MATCH (sender)-[t:TRANSFER]->()
WHERE t.recv_pool = p.pool AND lowest <= t.recv_drain <= next.drain AND t.amount >= next.least
WITH next, sender, t, exp(t.recv_drain - next.drain) AS left
WHERE t.amount * left >= next.least
  AND (t.seq < next.seq OR t.seq = next.seq AND t.transaction_hash < next.transaction_hash)
  AND t.batch <= $watermark
RETURN next.transfer_id AS next_id, next.share * left AS fraction,
  t.transfer_id AS transfer_id, t.transaction_hash AS transaction_hash,
  t.seq AS seq, t.amount AS amount, t.send_pool AS pool, t.send_drain AS drain, t.send_share AS share,
  sender.category AS category, coalesce(t.revision > $watermark, false) AS restated
ORDER BY amount * left / next.least DESC, transaction_hash, seq, next.transaction_hash
LIMIT $row_limit
