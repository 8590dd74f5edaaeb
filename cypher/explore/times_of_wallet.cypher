// Question: When were the first and the last transfer of this wallet?
// Params: chain, address
// Returns: first, last
CYPHER 25
MATCH (:Wallet {chain: $chain, address: $address})-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-()
RETURN min(t.occurred_at) AS first, max(t.occurred_at) AS last
