// Question: Which wallets have a number in this range, each as one text?
// Params: after, last, separator
// Returns: texts
CYPHER 25
MATCH (w:Wallet)
WHERE w.wallet_id > $after AND w.wallet_id <= $last AND w.wallet_id IS :: INTEGER NOT NULL
WITH w, w.wallet_id AS wallet_id ORDER BY wallet_id
RETURN collect(reduce(
  text = toString(wallet_id), field IN [w.chain, w.address] |
  text + $separator + CASE WHEN field IS :: STRING THEN coalesce(field, '') ELSE 'of another type' END
)) AS texts
