// Does: Gives these wallets their level and flags of the published run, and their caption.
// Params: record_id, rows
// Returns: matched
CYPHER 25
// node_labels are by level, so that Neo4j Browser colours the wallet.
MATCH (:GraphState {singleton: true, record_id: $record_id})
UNWIND $rows AS row
MATCH (w:Wallet {wallet_id: row.wallet_id})
REMOVE w:RiskUnrated:RiskMedium:RiskHigh:RiskSevere
SET w.risk_level = row.risk_level, w.flags = row.flags, w.caption = row.caption, w:$(row.node_labels)
RETURN count(*) AS matched
