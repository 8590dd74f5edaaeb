// Question: What does the graph say of these wallets: category, label, level and flags of the published run?
// Params: chain, addresses
// Returns: address, category, label, risk_level, flags
CYPHER 25
UNWIND $addresses AS address
MATCH (w:Wallet {chain: $chain, address: address})
RETURN address, w.category AS category, w.label AS label, w.risk_level AS risk_level,
  coalesce(w.flags, []) AS flags
