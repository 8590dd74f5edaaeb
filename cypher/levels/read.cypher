// Question: Which level, flags and caption do these wallets carry?
// Params: wallet_ids
// Returns: wallet_id, risk_level, flags, caption, node_labels
CYPHER 25
UNWIND $wallet_ids AS wallet_id
MATCH (w:Wallet {wallet_id: wallet_id})
RETURN wallet_id, w.risk_level AS risk_level, w.flags AS flags, w.caption AS caption,
  [name IN labels(w) WHERE name IN ['RiskUnrated', 'RiskMedium', 'RiskHigh', 'RiskSevere']] AS node_labels
