// Does: Deletes edges of these transfers that stand between other wallets than the rows say.
// Params: rows
// Returns: deleted
CYPHER 25
UNWIND $rows AS row
MATCH (sender)-[t:TRANSFER {transfer_id: row.transfer_id}]->(receiver)
WITH t, row, sender.wallet_id AS sender_id, receiver.wallet_id AS receiver_id
WHERE NOT coalesce(sender_id = row.sender_id AND receiver_id = row.receiver_id, false)
DELETE t
RETURN count(*) AS deleted
