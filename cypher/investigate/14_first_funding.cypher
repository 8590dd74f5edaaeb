// Question: Who paid this wallet first, who paid that one first, and so on?
// Params: chain, wallet, hop_limit, through_labels
// Returns: path, wallets, hops, units, asset, usd_value, occurred_at, through
CYPHER 25
MATCH path = (:Wallet {chain: $chain, address: $wallet})
  ((x)<-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]-(y) WHERE x <> y AND NOT EXISTS {
    MATCH (x)<-[e:TRANSFER WHERE e.amount > 0 AND e.retracted IS NULL AND e.seq < t.seq]-(z) WHERE z <> x
  }){1,12}(source)
// Each is paid before it pays on, and no labelled wallet is asked who paid it first.
WHERE length(path) <= $hop_limit
  AND all(i IN range(1, size(t) - 1) WHERE t[i].seq < t[i - 1].seq)
  AND all(w IN x[1..] WHERE $through_labels OR w.category IS NULL)
WITH path, t, source
ORDER BY length(path) DESC
LIMIT 1
RETURN path, reduce(line = '', w IN reverse(nodes(path)) |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  length(path) AS hops, round(t[0].amount / 10.0 ^ coalesce(t[0].decimals, 0), 8) AS units, t[0].asset AS asset,
  round(t[0].usd_value, 2) AS usd_value, t[0].occurred_at AS occurred_at,
  [w IN reverse(nodes(path)[1..-1]) WHERE w.category IS NOT NULL |
    coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)] AS through
