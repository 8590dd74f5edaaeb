// Does: Makes the edges of these transfers what the rows say.
// Params: transfers, record_id, generation
// Returns: matched
CYPHER 25
// $transfers has one list of values under each name of TRANSFER_COLUMNS in app/projection/rows.py; a null removes its
// property. An older revision of this generation changes nothing: FOREACH tests it without an Eager, which would hold
// all rows back.
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND range(0, size($transfers.transfer_id) - 1) AS row
MATCH (sender:Wallet {wallet_id: $transfers.sender_id[row]})
MATCH (receiver:Wallet {wallet_id: $transfers.receiver_id[row]})
MERGE (sender)-[t:TRANSFER {transfer_id: $transfers.transfer_id[row]}]->(receiver)
FOREACH (_ IN CASE WHEN t.generation >= $generation AND t.revision > $transfers.revision[row] THEN [] ELSE [1] END |
  SET t.revision = $transfers.revision[row],
      t.generation = $generation,
      t.batch = $transfers.batch[row],
      t.transaction_hash = $transfers.transaction_hash[row],
      t.transfer_index = $transfers.transfer_index[row],
      t.block_number = $transfers.block_number[row],
      t.seq = $transfers.seq[row],
      t.occurred_at = datetime({
        epochSeconds: $transfers.occurred_at_second[row], microsecond: $transfers.occurred_at_microsecond[row]
      }),
      t.asset_id = $transfers.asset_id[row],
      t.asset = $transfers.asset[row],
      t.decimals = $transfers.decimals[row],
      t.amount = $transfers.amount[row],
      t.amount_exact = $transfers.amount_exact[row],
      t.usd_value = $transfers.usd_value[row],
      t.usd_value_exact = $transfers.usd_value_exact[row],
      t.send_pool = $transfers.send_pool[row],
      t.send_drain = $transfers.send_drain[row],
      t.send_share = $transfers.send_share[row],
      t.unobserved = $transfers.unobserved[row],
      t.unobserved_exact = $transfers.unobserved_exact[row],
      t.recv_pool = $transfers.recv_pool[row],
      t.recv_drain = $transfers.recv_drain[row],
      t.retracted = $transfers.retracted[row]
)
RETURN count(*) AS matched
