// Question: Which labels do the wallets carry?
// Params: -
// Returns: wallet_id, chain, address, category, label, label_source, label_confidence, listed_from, listed_until, node_labels
CYPHER 25
MATCH (w:Wallet) WHERE w.category IS NOT NULL OR w.label IS NOT NULL
RETURN w.wallet_id AS wallet_id, w.chain AS chain, w.address AS address, w.category AS category,
       w.label AS label, w.label_source AS label_source, w.label_confidence AS label_confidence,
       w.listed_from AS listed_from, w.listed_until AS listed_until,
       [name IN labels(w) WHERE NOT name IN ['Wallet', 'RiskUnrated', 'RiskMedium', 'RiskHigh', 'RiskSevere']] AS node_labels
