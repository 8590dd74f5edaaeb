// Question: Which wallets have labels with these words in their names?
// Params: words, row_limit
// Returns: path, chain, address, label, category, label_source, transfers
CYPHER 25
CALL db.index.fulltext.queryNodes('wallet_names', $words) YIELD node AS w, score
WITH w, score
ORDER BY score DESC, w.address
LIMIT toInteger($row_limit)
RETURN w AS path, w.chain AS chain, w.address AS address, w.label AS label, w.category AS category,
  w.label_source AS label_source, COUNT { (w)-[:TRANSFER]-() } AS transfers
ORDER BY score DESC, w.address
