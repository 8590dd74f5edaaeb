// Question: What is there that no part of the program has written, besides edges and wallets without an id?
// Params: properties, max_examples
// Returns: nodes, edges, wallets, examples
CYPHER 25
// A wallet without a category has no other label; those of the others are compared with the record's labels.
CALL () {
  MATCH (n) WHERE NOT n:Wallet AND NOT n:GraphState
  WITH 'node ' + coalesce(reduce(s = '', l IN labels(n) | s + ':' + l), '') AS what
  RETURN count(*) AS nodes, collect(DISTINCT what) AS nodes_named
}
CALL () {
  MATCH ()-[e:!TRANSFER]->()
  RETURN count(e) AS edges, collect(DISTINCT 'edge :' + type(e)) AS edges_named
}
CALL () {
  MATCH (w:Wallet)
  WITH w.wallet_id AS wallet_id,
       [k IN keys(w) WHERE NOT k IN $properties] +
       [l IN labels(w) WHERE w.category IS NULL
         AND NOT l IN ['Wallet', 'RiskUnrated', 'RiskMedium', 'RiskHigh', 'RiskSevere'] | ':' + l] AS added
  WHERE size(added) > 0
  WITH coalesce(toStringOrNull(wallet_id), 'without an id') AS wallet_id, added
  ORDER BY wallet_id
  RETURN count(*) AS wallets,
    collect('wallet ' + wallet_id + ': ' + reduce(s = head(added), k IN tail(added) | s + ', ' + k))
      [..toInteger($max_examples)] AS wallets_named
}
RETURN nodes, edges, wallets,
  nodes_named[..toInteger($max_examples)] + edges_named[..toInteger($max_examples)] + wallets_named AS examples
