// Does: Indexes wallets by the name of their label.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX wallet_label IF NOT EXISTS
FOR (wallet:Wallet) ON (wallet.label)
