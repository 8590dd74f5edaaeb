// Question: Which transfers to the other wallet follow from a transfer of this one, each later than the one before?
// Params: chain, wallet, other, hop_limit, least_usd, same_asset, since, until, through_labels, row_limit
// Returns: path, wallets, hops, started, arrived, units, asset, usd_value, through
CYPHER 25
MATCH (origin:Wallet {chain: $chain, address: $wallet})
MATCH (target:Wallet {chain: $chain, address: $other})
// Hop by hop, the earliest arrival at every wallet: whatever follows from a later one follows from it as well.
// Every transfer to the other wallet is kept, with its path of fewest transfers.
WITH target, reduce(
  reached = [{wallet: origin, hop: 0, seq: -1, steps: []}],
  hop IN range(1, toInteger($hop_limit)) |
  COLLECT {
    CALL (reached, hop, target) {
      UNWIND reached AS r
      RETURN r
    UNION ALL
      UNWIND [r IN reached WHERE r.hop = hop - 1 AND r.wallet <> target] AS r
      WITH r, r.wallet AS w
      MATCH (w)-[t:TRANSFER WHERE t.seq > r.seq AND t.amount > 0 AND t.retracted IS NULL]->(n)
      WHERE (NOT $same_asset OR r.asset_id IS NULL OR t.asset_id = r.asset_id)
        AND (n = target OR $through_labels OR n.category IS NULL)
        AND coalesce(t.usd_value, 0) >= $least_usd
        AND datetime(coalesce($since, '0001-01-01T00:00:00Z')) <= t.occurred_at
          < datetime(coalesce($until, '9999-12-31T00:00:00Z'))
      RETURN {wallet: n, asset_id: CASE WHEN $same_asset THEN t.asset_id END, hop: hop, seq: t.seq,
              arrival: CASE n WHEN target THEN t END, steps: r.steps + [t]} AS r
    }
    WITH r ORDER BY r.seq, r.hop
    WITH r.wallet AS wallet, r.asset_id AS asset_id, r.arrival AS arrival, collect(r)[0] AS earliest
    RETURN earliest
  }
) AS reached
UNWIND [r IN reached WHERE r.arrival IS NOT NULL] AS found
WITH found.hop AS hops, found.steps AS steps, found.steps[0] AS first, found.arrival AS final
ORDER BY hops, final.seq
LIMIT toInteger($row_limit)
RETURN COLLECT { UNWIND steps AS t MATCH step = ()-[t]->() RETURN step } AS path,
  reduce(line = '', w IN [startNode(steps[0])] + [t IN steps | endNode(t)] |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  hops, first.occurred_at AS started, final.occurred_at AS arrived,
  round(final.amount / 10.0 ^ coalesce(final.decimals, 0), 8) AS units, final.asset AS asset,
  round(final.usd_value, 2) AS usd_value,
  [w IN [t IN steps[1..] | startNode(t)] WHERE w.category IS NOT NULL |
    coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)] AS through
ORDER BY hops, final.seq
