// Question: Is a wallet found by its number, and only once?
// Params: -
// Returns: -
CYPHER 25
CREATE CONSTRAINT wallet_id IF NOT EXISTS
FOR (wallet:Wallet) REQUIRE wallet.wallet_id IS UNIQUE
