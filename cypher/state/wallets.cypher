// Question: Which wallets come after this one, in a page?
// Params: after, rows
// Returns: wallet_id, chain, address
CYPHER 25
MATCH (w:Wallet) WHERE w.wallet_id > $after
RETURN w.wallet_id AS wallet_id, w.chain AS chain, w.address AS address
ORDER BY wallet_id LIMIT toInteger($rows)
