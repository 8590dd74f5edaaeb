// Does: Indexes wallets by address.
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX wallet_address IF NOT EXISTS
FOR (wallet:Wallet) ON (wallet.address)
