// Does: Removes the label of these wallets.
// Params: wallet_ids
// Returns: matched
CYPHER 25
UNWIND $wallet_ids AS wallet_id
MATCH (w:Wallet {wallet_id: wallet_id})
REMOVE w.category, w.label, w.label_source, w.label_confidence, w.listed_from,
  w.listed_until, w:$([name IN labels(w) WHERE NOT name IN ['Wallet', 'RiskUnrated', 'RiskMedium', 'RiskHigh', 'RiskSevere']])
SET w.name = left(w.address, 6) + '…' + right(w.address, 4)
RETURN count(*) AS matched
