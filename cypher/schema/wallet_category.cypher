// Does: Indexes wallets by category, for those that stop tracing.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX wallet_category IF NOT EXISTS
FOR (wallet:Wallet) ON (wallet.category)
