// Question: What are the canonical lines of the wallets with an id in this range?
// Params: after, last, separator
// Returns: lines
CYPHER 25
MATCH (w:Wallet)
WHERE w.wallet_id > $after AND w.wallet_id <= $last AND w.wallet_id IS :: INTEGER NOT NULL
WITH w, w.wallet_id AS wallet_id ORDER BY wallet_id
RETURN collect(reduce(
  line = toString(wallet_id), field IN [w.chain, w.address] |
  line + $separator + CASE WHEN field IS :: STRING THEN coalesce(field, '') ELSE 'of another type' END
)) AS lines
