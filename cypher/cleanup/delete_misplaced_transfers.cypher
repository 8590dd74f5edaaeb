// Question: Which edges of these transfers stand between other wallets than the record says? (They go.)
// Params: rows
// Returns: deleted
CYPHER 25
UNWIND $rows AS row
MATCH (sender)-[t:TRANSFER {transfer_id: row[0]}]->(receiver)
WITH t, row, sender.wallet_id AS sender_id, receiver.wallet_id AS receiver_id
WHERE NOT coalesce(sender_id = row[1] AND receiver_id = row[2], false)
DELETE t
RETURN count(*) AS deleted
