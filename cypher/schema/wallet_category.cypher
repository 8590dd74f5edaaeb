// Question: Are the wallets that stop tracing found without a scan of all wallets?
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX wallet_category IF NOT EXISTS
FOR (wallet:Wallet) ON (wallet.category)
