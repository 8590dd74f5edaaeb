// Question: How many edges and wallets have no valid id, which is an integer from 0 up?
// Params: -
// Returns: transfers, wallets
CYPHER 25
CALL () {
  MATCH ()-[t:TRANSFER]->() WHERE NOT coalesce(t.transfer_id IS :: INTEGER AND t.transfer_id >= 0, false)
  RETURN count(t) AS transfers
}
CALL () {
  MATCH (w:Wallet) WHERE NOT coalesce(w.wallet_id IS :: INTEGER AND w.wallet_id >= 0, false)
  RETURN count(w) AS wallets
}
RETURN transfers, wallets
