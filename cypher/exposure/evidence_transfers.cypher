// Question: What are the hash, time, amount and wallets of these transfers?
// Params: transfer_ids
// Returns: transfer_id, transaction_hash, seq, occurred_at, asset, amount, decimals, usd_value, sender, receiver
CYPHER 25
UNWIND $transfer_ids AS transfer_id
MATCH (sender)-[t:TRANSFER {transfer_id: transfer_id}]->(receiver)
RETURN transfer_id, t.transaction_hash AS transaction_hash, t.seq AS seq,
  t.occurred_at AS occurred_at, t.asset AS asset, t.amount_exact AS amount, t.decimals AS decimals,
  t.usd_value AS usd_value,
  sender {.wallet_id, .chain, .address, .label, .label_source, .label_confidence, .listed_from, .listed_until} AS sender,
  receiver {.wallet_id, .chain, .address, .label, .label_source, .label_confidence, .listed_from, .listed_until} AS receiver
