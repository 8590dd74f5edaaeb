// Question: Are the named wallets found without a scan of all wallets?
// Params: -
// Returns: -
CYPHER 25
CREATE INDEX wallet_label IF NOT EXISTS
FOR (wallet:Wallet) ON (wallet.label)
