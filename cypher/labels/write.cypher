// Does: Gives these wallets their label, unless another label revision has begun.
// Params: rows, label_revision
// Returns: matched
CYPHER 25
// Without a revision they get it in any case.
MATCH (state:GraphState {singleton: true})
WHERE $label_revision IS NULL OR state.label_revision = $label_revision
UNWIND $rows AS row
MATCH (w:Wallet {address: row.address, chain: row.chain})
REMOVE w:$([name IN labels(w) WHERE NOT name IN ['Wallet', 'RiskUnrated', 'RiskMedium', 'RiskHigh', 'RiskSevere']])
SET w.category = row.category, w.label = row.label, w.label_source = row.label_source,
    w.label_confidence = row.label_confidence, w.listed_from = row.listed_from,
    w.listed_until = row.listed_until, w:$(row.node_labels), w.name = row.label
RETURN count(*) AS matched
