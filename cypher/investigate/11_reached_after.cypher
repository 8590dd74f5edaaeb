// Question: Which wallets can this one's money have reached after then, in transfers of at least so much?
// Params: chain, wallet, since, until, hop_limit, least_usd, same_asset, through_labels, row_limit
// Returns: path, reached, category, wallets, hops, arrived, units, asset, usd_value, through
CYPHER 25
MATCH (origin:Wallet {chain: $chain, address: $wallet})
WITH origin, datetime($since) AS since, datetime($until) AS until
// Hop by hop, the earliest arrival at every wallet: whatever follows from a later one follows from it as well.
WITH origin, reduce(
  reached = [{wallet: origin, hop: 0, seq: -1, steps: []}],
  hop IN range(1, toInteger($hop_limit)) |
  COLLECT {
    CALL (reached, hop, since, until) {
      UNWIND reached AS r
      RETURN r
    UNION ALL
      UNWIND range(0, size(reached) - 1) AS place
      WITH place, reached[place] AS r
      WHERE r.hop = hop - 1 AND ($through_labels OR hop = 1 OR r.wallet.category IS NULL)
      WITH place, r, r.wallet AS w, r.seq AS after, r.asset_id AS asset_id
      MATCH (w)-[t:TRANSFER WHERE t.seq > after AND t.amount > 0 AND t.retracted IS NULL]->(n)
      WHERE (asset_id IS NULL OR t.asset_id = asset_id)
        AND ($least_usd = 0 OR t.usd_value >= $least_usd)
        AND (since IS NULL OR t.occurred_at >= since) AND (until IS NULL OR t.occurred_at < until)
      WITH n, CASE WHEN $same_asset THEN t.asset_id END AS asset_id,
        min([t.seq, t.transfer_id, place]) AS earliest
      RETURN {wallet: n, asset_id: asset_id, hop: hop, seq: earliest[0],
              steps: reached[earliest[2]].steps + [earliest[1]]} AS r
    }
    WITH r ORDER BY r.seq, r.hop
    WITH r.wallet AS wallet, r.asset_id AS asset_id, collect(r)[0] AS earliest
    RETURN earliest
  }
) AS reached
UNWIND [r IN reached WHERE r.hop > 0 AND r.wallet <> origin] AS found
WITH found
ORDER BY found.wallet.category IS NULL, found.hop, found.seq
LIMIT toInteger($row_limit)
CALL (found) {
  UNWIND range(0, size(found.steps) - 1) AS place
  MATCH path = ()-[t:TRANSFER {transfer_id: found.steps[place]}]->()
  ORDER BY place
  RETURN collect(t) AS steps, collect(path) AS path
}
WITH found.wallet AS n, found.hop AS hops, steps, path, steps[-1] AS final
RETURN path, coalesce(n.label + ' ', '') + left(n.address, 6) + '…' + right(n.address, 4) AS reached, n.category AS category,
  reduce(line = '', w IN [startNode(steps[0])] + [t IN steps | endNode(t)] |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  hops, final.occurred_at AS arrived, round(final.amount / 10.0 ^ coalesce(final.decimals, 0), 8) AS units,
  final.asset AS asset, round(final.usd_value, 2) AS usd_value,
  [w IN [t IN steps[1..] | startNode(t)] WHERE w.category IS NOT NULL |
    coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)] AS through
ORDER BY n.category IS NULL, hops, final.seq
