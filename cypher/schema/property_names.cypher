// Does: Makes the names of properties that no wallet and no transfer may have yet, so that no question warns of them.
// Params: -
// Returns: -
CYPHER 25
UNWIND [
  'category', 'label', 'label_source', 'label_confidence', 'listed_from', 'listed_until', 'name', 'chain', 'address',
  'transaction_hash', 'seq', 'occurred_at', 'asset_id', 'asset', 'decimals', 'amount', 'amount_exact', 'usd_value',
  'send_pool', 'send_drain', 'send_share', 'unobserved', 'recv_pool', 'recv_drain', 'retracted', 'batch', 'revision'
] AS name
CALL db.createProperty(name)
RETURN count(*) AS names
