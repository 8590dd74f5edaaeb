// Question: Which transfers to the other wallet follow from a transfer of this one, each later than the one before?
// Params: chain, wallet, other, hop_limit, least_usd, same_asset, since, until, through_labels, row_limit
// Returns: path, wallets, hops, started, arrived, units, asset, usd_value, through
CYPHER 25
MATCH (origin:Wallet {chain: $chain, address: $wallet})
MATCH (target:Wallet {chain: $chain, address: $other})
WITH origin, target, datetime($since) AS since, datetime($until) AS until
// What moves after the last transfer to the other wallet leads nowhere.
CALL (target) {
  MATCH ()-[t:TRANSFER WHERE t.amount > 0 AND t.retracted IS NULL]->(target)
  RETURN max(t.seq) AS latest
}
// Hop by hop, the earliest arrival at every wallet: whatever follows from a later one follows from it as well.
// Every transfer to the other wallet is kept, with its path of fewest transfers.
WITH target, reduce(
  reached = [{wallet: origin, hop: 0, seq: -1, steps: []}],
  hop IN range(1, toInteger($hop_limit)) |
  COLLECT {
    CALL (reached, hop, target, since, until, latest) {
      UNWIND reached AS r
      RETURN r
    UNION ALL
      // As many as the answer may have are enough: longer paths come after them. At the last hop nothing but
      // the other wallet is looked for.
      WITH size([r IN reached WHERE r.arrival IS NOT NULL]) AS arrivals
      UNWIND range(0, size(reached) - 1) AS place
      WITH place, reached[place] AS r, arrivals
      WHERE r.hop = hop - 1 AND r.wallet <> target AND arrivals < $row_limit
      WITH place, r, r.wallet AS w, r.seq AS after, r.asset_id AS asset_id
      MATCH (w)-[t:TRANSFER WHERE t.seq > after AND t.seq <= latest AND t.amount > 0 AND t.retracted IS NULL]->(n)
      WHERE (asset_id IS NULL OR t.asset_id = asset_id)
        AND (n = target OR (hop < toInteger($hop_limit) AND ($through_labels OR n.category IS NULL)))
        AND ($least_usd = 0 OR t.usd_value >= $least_usd)
        AND (since IS NULL OR t.occurred_at >= since) AND (until IS NULL OR t.occurred_at < until)
      WITH n, CASE WHEN $same_asset THEN t.asset_id END AS asset_id,
        CASE n WHEN target THEN t.seq END AS arrival,
        min([t.seq, t.transfer_id, place]) AS earliest
      RETURN {wallet: n, asset_id: asset_id, hop: hop, seq: earliest[0], arrival: arrival,
              steps: reached[earliest[2]].steps + [earliest[1]]} AS r
    }
    WITH r ORDER BY r.seq, r.hop
    WITH r.wallet AS wallet, r.asset_id AS asset_id, r.arrival AS arrival, collect(r)[0] AS earliest
    RETURN earliest
  }
) AS reached
UNWIND [r IN reached WHERE r.arrival IS NOT NULL] AS found
WITH found
ORDER BY found.hop, found.seq
LIMIT toInteger($row_limit)
CALL (found) {
  UNWIND range(0, size(found.steps) - 1) AS place
  MATCH path = ()-[t:TRANSFER {transfer_id: found.steps[place]}]->()
  ORDER BY place
  RETURN collect(t) AS steps, collect(path) AS path
}
WITH found.hop AS hops, steps, path, steps[0] AS first, steps[-1] AS final
RETURN path, reduce(line = '', w IN [startNode(steps[0])] + [t IN steps | endNode(t)] |
    line + CASE line WHEN '' THEN '' ELSE ' → ' END
    + coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)) AS wallets,
  hops, first.occurred_at AS started, final.occurred_at AS arrived,
  round(final.amount / 10.0 ^ coalesce(final.decimals, 0), 8) AS units, final.asset AS asset,
  round(final.usd_value, 2) AS usd_value,
  [w IN [t IN steps[1..] | startNode(t)] WHERE w.category IS NOT NULL |
    coalesce(w.label + ' ', '') + left(w.address, 6) + '…' + right(w.address, 4)] AS through
ORDER BY hops, final.seq
