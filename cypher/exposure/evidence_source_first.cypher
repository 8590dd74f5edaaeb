// Question: Which transfers to this wallet brought at least the amount that $least gives for their asset?
// Params: wallet_id, least, watermark, row_limit
// Returns: transfer_id, asset_id, transaction_hash, seq, amount, pool, drain, share, category, restated
CYPHER 25
MATCH (:Wallet {wallet_id: $wallet_id})<-[t:TRANSFER]-(sender)
WHERE t.amount >= $least[toString(t.asset_id)] AND t.recv_pool IS NOT NULL AND t.batch <= $watermark
RETURN t.transfer_id AS transfer_id, t.asset_id AS asset_id, t.transaction_hash AS transaction_hash,
  t.seq AS seq, t.amount AS amount,
  t.send_pool AS pool, t.send_drain AS drain, t.send_share AS share,
  sender.category AS category, coalesce(t.revision > $watermark, false) AS restated
ORDER BY amount / $least[toString(asset_id)] DESC, transaction_hash, seq
LIMIT $row_limit
