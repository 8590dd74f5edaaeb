// Does: Makes wallet_id unique, so that the MERGE of a wallet is an index seek.
// Params: -
// Returns: -
CYPHER 25
CREATE CONSTRAINT wallet_id IF NOT EXISTS
FOR (wallet:Wallet) REQUIRE wallet.wallet_id IS UNIQUE
