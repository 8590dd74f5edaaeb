// Question: Which label speaks for these wallets? (A row is [chain, address, category, name, source, confidence, node labels].)
// Params: rows
// Returns: found
CYPHER 25
UNWIND $rows AS row
MATCH (w:Wallet {address: row[1], chain: row[0]})
REMOVE w:$([name IN labels(w) WHERE name <> 'Wallet'])
SET w.category = row[2], w.label = row[3], w.label_source = row[4], w.label_confidence = row[5],
    w:$(row[6]), w.name = row[3]
RETURN count(*) AS found
