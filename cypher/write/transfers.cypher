// Question: What does the record say now about these transfers?
// Params: rows, record_id, generation
// Returns: found
CYPHER 25
// A row is a list in the order of app/projection/rows.py; a null removes its property. FOREACH guards without
// an Eager: an older revision of this generation changes nothing.
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND $rows AS row
MATCH (sender:Wallet {wallet_id: row[1]})
MATCH (receiver:Wallet {wallet_id: row[2]})
MERGE (sender)-[t:TRANSFER {transfer_id: row[0]}]->(receiver)
FOREACH (_ IN CASE WHEN t.generation >= $generation AND t.revision > row[3] THEN [] ELSE [1] END |
  SET t.revision = row[3],
      t.generation = $generation,
      t.batch = row[4],
      t.transaction_hash = row[5],
      t.transfer_index = row[6],
      t.block_number = row[7],
      t.seq = row[8],
      t.occurred_at = datetime({epochSeconds: row[9], microsecond: row[10]}),
      t.asset_id = row[11],
      t.asset = row[12],
      t.decimals = row[13],
      t.amount = row[14],
      t.amount_exact = row[15],
      t.usd_value = row[16],
      t.usd_value_exact = row[17],
      t.send_pool = row[18],
      t.send_drain = row[19],
      t.send_share = row[20],
      t.unobserved = row[21],
      t.unobserved_exact = row[22],
      t.recv_pool = row[23],
      t.recv_drain = row[24],
      t.retracted = row[25]
)
RETURN count(*) AS found
