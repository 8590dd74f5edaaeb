// Question: Which wallets can this one's money have reached after then, in transfers of at least so much?
// Params: chain, wallet, since, until, hop_limit, least_usd, same_asset, through_labels, row_limit
// Returns: path, reached, category, wallets, hops, arrived, units, asset, usd_value, through
CYPHER 25
MATCH (origin:Wallet {chain: $chain, address: $wallet})
// Hop by hop, the earliest arrival at every wallet: whatever follows from a later one follows from it as well.
WITH origin, reduce(
  reached = [{wallet: origin, hop: 0, seq: -1, steps: []}],
  hop IN range(1, toInteger($hop_limit)) |
  COLLECT {
    CALL (reached, hop) {
      UNWIND reached AS r
      RETURN r
    UNION ALL
      UNWIND [r IN reached WHERE r.hop = hop - 1 AND ($through_labels OR hop = 1 OR r.wallet.category IS NULL)] AS r
      WITH r, r.wallet AS w
      MATCH (w)-[t:TRANSFER WHERE t.seq > r.seq AND t.amount > 0 AND t.retracted IS NULL]->(n)
      WHERE (NOT $same_asset OR r.asset_id IS NULL OR t.asset_id = r.asset_id)
        AND coalesce(t.usd_value, 0) >= $least_usd
        AND datetime(coalesce($since, '0001-01-01T00:00:00Z')) <= t.occurred_at
          < datetime(coalesce($until, '9999-12-31T00:00:00Z'))
      RETURN {wallet: n, asset_id: CASE WHEN $same_asset THEN t.asset_id END, hop: hop, seq: t.seq,
              steps: r.steps + [t]} AS r
    }
    WITH r ORDER BY r.seq, r.hop
    WITH r.wallet AS wallet, r.asset_id AS asset_id, collect(r)[0] AS earliest
    RETURN earliest
  }
) AS reached
UNWIND [r IN reached WHERE r.hop > 0 AND r.wallet <> origin] AS found
WITH found.wallet AS n, found.hop AS hops, found.steps AS steps, found.steps[-1] AS final
ORDER BY n.category IS NULL, hops, final.seq
LIMIT toInteger($row_limit)
RETURN COLLECT { UNWIND steps AS t MATCH step = ()-[t]->() RETURN step } AS path,
  coalesce(n.label + ' ', '') + left(n.address, 6) + '…' + right(n.address, 4) AS reached, n.category AS category,
  reduce(line = '', w IN [startNode(steps[0])] + [t IN steps | endNode(t)] |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  hops, final.occurred_at AS arrived, round(final.amount / 10.0 ^ coalesce(final.decimals, 0), 8) AS units,
  final.asset AS asset, round(final.usd_value, 2) AS usd_value,
  [w IN [t IN steps[1..] | startNode(t)] WHERE w.category IS NOT NULL |
    coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)] AS through
ORDER BY n.category IS NULL, hops, final.seq
