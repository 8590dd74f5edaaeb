// Does: Indexes the words of labels' names; wallets without a label cost nothing.
// Params: -
// Returns: -
CYPHER 25
CREATE FULLTEXT INDEX wallet_names IF NOT EXISTS
FOR (wallet:Wallet) ON EACH [wallet.label]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-no-stop-words', `fulltext.eventually_consistent`: true}}
