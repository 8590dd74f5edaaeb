// Question: Which label speaks for these wallets? (A row is [chain, address, category, name, source, confidence].)
// Params: rows
// Returns: found
CYPHER 25
UNWIND $rows AS row
MATCH (w:Wallet {address: row[1], chain: row[0]})
SET w.category = row[2], w.label = row[3], w.label_source = row[4], w.label_confidence = row[5]
RETURN count(*) AS found
