// Does: Deletes edges of these transfers that stand between other wallets than the rows say.
// Params: transfers
// Returns: deleted
CYPHER 25
UNWIND range(0, size($transfers.transfer_id) - 1) AS row
MATCH (sender)-[t:TRANSFER {transfer_id: $transfers.transfer_id[row]}]->(receiver)
WITH t, row, sender.wallet_id AS sender_id, receiver.wallet_id AS receiver_id
WHERE NOT coalesce(sender_id = $transfers.sender_id[row] AND receiver_id = $transfers.receiver_id[row], false)
DELETE t
RETURN count(*) AS deleted
