// Question: Which sends of these pools took at least the given part of a deposit before them?
// Params: pools, watermark, row_limit
// Returns: next_id, fraction, transfer_id, transaction_hash, seq, amount, pool, drain, share, category, restated
CYPHER 25
UNWIND $pools AS p
// A send before which more has left than the largest share allows takes too little. Near a hub this leaves a few of
// its many thousand transfers. One index has pool, drain and share: it finds them without the hub's wallet, and
// without reading the transfers that are too small.
CALL (p) {
  MATCH ()-[d:TRANSFER]->()
  WHERE d.send_pool = p.pool AND d.send_drain >= p.furthest_drain AND d.send_share >= p.least
  RETURN max(d.send_share) AS largest
}
UNWIND p.links AS before
WITH p, before, before.drain AS lowest, before.drain + log(largest / before.least) + 1e-6 AS highest
WHERE lowest <= highest
MATCH ()-[t:TRANSFER]->(receiver)
WHERE t.send_pool = p.pool AND lowest <= t.send_drain <= highest AND t.send_share >= before.least
WITH before, receiver, t, t.send_share * exp(before.drain - t.send_drain) AS fraction
WHERE fraction >= before.least
  AND (t.seq > before.seq OR t.seq = before.seq AND t.transaction_hash > before.transaction_hash)
  AND t.batch <= $watermark
RETURN before.transfer_id AS next_id, fraction,
  t.transfer_id AS transfer_id, t.transaction_hash AS transaction_hash,
  t.seq AS seq, t.amount AS amount, t.recv_pool AS pool, t.recv_drain AS drain, 1.0 AS share,
  receiver.category AS category, coalesce(t.revision > $watermark, false) AS restated
ORDER BY fraction / before.least DESC, transaction_hash, seq, before.transaction_hash
LIMIT $row_limit
