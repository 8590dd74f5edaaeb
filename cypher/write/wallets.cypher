// Does: Makes these wallets what the rows say.
// Params: wallets, record_id, generation
// Returns: matched
CYPHER 25
// $wallets has one list of values under each name of WALLET_COLUMNS in app/projection/rows.py. name is the
// label's, else the shortened address; caption is for Neo4j Browser (app/projection/levels.py). generation is absent where it is 1.
MATCH (:GraphState {singleton: true, record_id: $record_id, generation: $generation})
UNWIND range(0, size($wallets.wallet_id) - 1) AS row
MERGE (w:Wallet {wallet_id: $wallets.wallet_id[row]})
SET w.chain = $wallets.chain[row], w.address = $wallets.address[row],
    w.generation = CASE WHEN $generation > 1 THEN $generation END,
    w.caption = coalesce(w.caption, left($wallets.address[row], 6) + '…' + right($wallets.address[row], 4)),
    w.name = coalesce(w.label, left($wallets.address[row], 6) + '…' + right($wallets.address[row], 4))
RETURN count(*) AS matched
