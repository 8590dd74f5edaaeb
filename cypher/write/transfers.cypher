// Does: Makes the edges of these transfers what the rows say.
// Params: rows, record_id, generation
// Returns: matched
CYPHER 25
// A row has the names of TRANSFER_COLUMNS in app/projection/rows.py; a null removes its property. An older revision
// of this generation changes nothing: FOREACH tests it without an Eager, which would hold all rows back.
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND $rows AS row
MATCH (sender:Wallet {wallet_id: row.sender_id})
MATCH (receiver:Wallet {wallet_id: row.receiver_id})
MERGE (sender)-[t:TRANSFER {transfer_id: row.transfer_id}]->(receiver)
FOREACH (_ IN CASE WHEN t.generation >= $generation AND t.revision > row.revision THEN [] ELSE [1] END |
  SET t.revision = row.revision,
      t.generation = $generation,
      t.batch = row.batch,
      t.transaction_hash = row.transaction_hash,
      t.transfer_index = row.transfer_index,
      t.block_number = row.block_number,
      t.seq = row.seq,
      t.occurred_at = datetime({epochSeconds: row.occurred_at_second, microsecond: row.occurred_at_microsecond}),
      t.asset_id = row.asset_id,
      t.asset = row.asset,
      t.decimals = row.decimals,
      t.amount = row.amount,
      t.amount_exact = row.amount_exact,
      t.usd_value = row.usd_value,
      t.usd_value_exact = row.usd_value_exact,
      t.send_pool = row.send_pool,
      t.send_drain = row.send_drain,
      t.send_share = row.send_share,
      t.unobserved = row.unobserved,
      t.unobserved_exact = row.unobserved_exact,
      t.recv_pool = row.recv_pool,
      t.recv_drain = row.recv_drain,
      t.retracted = row.retracted
)
RETURN count(*) AS matched
