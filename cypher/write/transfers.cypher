// Does: Makes the edges of these transfers what the rows say.
// Params: transfers, record_id, generation
// Returns: matched
CYPHER 25
// $transfers has one list of values under each name of TRANSFER_COLUMNS in app/projection/rows.py; a null removes its
// property. revision is absent where it is the batch, generation where it is 1. An older revision of this generation
// changes nothing: FOREACH tests it without an Eager, which would hold all rows back.
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND range(0, size($transfers.transfer_id) - 1) AS row
MATCH (sender:Wallet {wallet_id: $transfers.sender_id[row]})
MATCH (receiver:Wallet {wallet_id: $transfers.receiver_id[row]})
MERGE (sender)-[t:TRANSFER {transfer_id: $transfers.transfer_id[row]}]->(receiver)
FOREACH (_ IN CASE
  WHEN coalesce(t.generation, 1) >= $generation
   AND coalesce(t.revision, t.batch) > coalesce($transfers.revision[row], $transfers.batch[row])
  THEN [] ELSE [1] END |
  SET t.batch = $transfers.batch[row],
      t.revision = $transfers.revision[row],
      t.generation = CASE WHEN $generation > 1 THEN $generation END,
      t.transaction_hash = $transfers.transaction_hash[row],
      t.seq = $transfers.seq[row],
      t.occurred_at = datetime.fromEpoch($transfers.occurred_at_second[row], $transfers.occurred_at_nanosecond[row]),
      t.asset_id = $transfers.asset_id[row],
      t.asset = $transfers.asset[row],
      t.decimals = $transfers.decimals[row],
      t.amount = $transfers.amount[row],
      t.amount_exact = $transfers.amount_exact[row],
      t.usd_value = $transfers.usd_value[row],
      t.send_pool = $transfers.send_pool[row],
      t.send_drain = $transfers.send_drain[row],
      t.send_share = $transfers.send_share[row],
      t.unobserved = $transfers.unobserved[row],
      t.recv_pool = $transfers.recv_pool[row],
      t.recv_drain = $transfers.recv_drain[row],
      t.retracted = $transfers.retracted[row]
)
// An edge that version 1 has written.
FOREACH (_ IN CASE WHEN t.block_number IS NULL THEN [] ELSE [1] END |
  REMOVE t.block_number, t.transfer_index, t.usd_value_exact, t.unobserved_exact
)
RETURN count(*) AS matched
