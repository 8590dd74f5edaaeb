// Question: How many wallets and transfers are there? (From the count store, fast at any size.)
// Params: -
// Returns: wallets, transfers
CYPHER 25
CALL () { MATCH (w:Wallet) RETURN count(w) AS wallets }
CALL () { MATCH ()-[t:TRANSFER]->() RETURN count(t) AS transfers }
RETURN wallets, transfers
