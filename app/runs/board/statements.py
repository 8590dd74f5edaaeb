"""The statements of the board: one for each order, of constants alone.

A condition whose parameter is null is folded away when the statement is planned, and the column that it names
is not read. By level or score, a page that is filtered by what the indexes include reads those alone; every
other order and filter reads the rows of the run (docs/decisions/0034-the-board.md).
"""

from sqlalchemy import TextClause, text

from app.runs.board.filters import ORDERS, SORTS, Order, Sort

LEVEL_RANK = """CASE risk_level WHEN 'severe' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2
    WHEN 'unrated' THEN 1 ELSE 0 END"""
"""The order of levels: unrated stands above low and below medium. Rows since 0024 have it as `level_rank`."""
_KEYS = {
    "score": None,
    "risk_level": "level_rank",
    "crime_usd": "coalesce(crime_cents, 0)",
    "last_seen": "coalesce(last_seen_seconds, -1)",
}
"""What an order compares before the score."""


def _key(sort: Sort, *, by_facets: bool) -> str | None:
    return _KEYS[sort] if by_facets or sort != "risk_level" else f"({LEVEL_RANK})"


# The rows of the last run are those that no later run ended; where every row has an end, the last run is one
# of before migration 0014.
_OF_RUN = """
    (SELECT {columns} FROM risk_scores
    WHERE until_run_id IS NULL AND run_id <= :run_id {rest})
    UNION ALL
    (SELECT {columns} FROM risk_scores
    WHERE until_run_id IS NOT NULL AND is_of_run(run_id, until_run_id, :run_id)
      AND (:run_id IS DISTINCT FROM (SELECT run_id FROM published_run)
           OR (SELECT wallet_id FROM risk_scores WHERE until_run_id IS NULL
               ORDER BY score DESC, wallet_id LIMIT 1) IS NULL) {rest})
"""
_MATCHING = """
    AND score IS NOT NULL
    AND (CAST(:level AS text) IS NULL OR risk_level = :level)
    AND (CAST(:direction AS text) IS NULL OR direction = :direction)
    AND (CAST(:main_category AS text) IS NULL OR main_category = :main_category)
    AND (CAST(:crime_cents AS bigint) IS NULL OR crime_cents >= :crime_cents)
    AND (CAST(:since AS bigint) IS NULL OR last_seen_seconds >= :since)
    AND (CAST(:until AS bigint) IS NULL OR first_seen_seconds < :until)
    AND (CAST(:chain AS text) IS NULL OR EXISTS (
        SELECT FROM wallets w WHERE w.wallet_id = risk_scores.wallet_id AND w.chain = :chain))
    AND (CAST(:asset AS text) IS NULL OR EXISTS (
        SELECT FROM exposures e JOIN assets a USING (asset_id)
        WHERE e.wallet_id = risk_scores.wallet_id AND lower(a.asset) = lower(:asset)
          AND is_of_run(e.run_id, e.until_run_id, :run_id)))
"""
_BY_FACETS = """
    AND (CAST(:facets AS smallint[]) IS NULL OR facets @> CAST(:facets AS smallint[]))
"""
# Of runs of before migration 0024, whose rows have no facets.
_EARLIER = """
    AND (CAST(:category AS text) IS NULL OR main_category = :category)
    AND (CAST(:flag AS text) IS NULL OR :flag = ANY(flags))
"""
_LIMIT = "LIMIT :limit"


def _order(key: str | None, order: Order) -> str:
    tie = "ASC" if order == "desc" else "DESC"
    before = "" if key is None else f"{key} {order}, "
    return f"ORDER BY {before}score {order}, wallet_id {tie}"


def _behind(key: str | None, order: Order) -> str:
    """What stands behind the cursor (:key, :score, :wallet_id)."""
    further, after = ("<", ">") if order == "desc" else (">", "<")
    score = f"(score {further} :score OR (score = :score AND wallet_id {after} :wallet_id))"
    if key is None:
        return f"AND score {further}= :score AND {score}"
    return f"AND {key} {further}= :key AND ({key} {further} :key OR {score})"


def _listed(sort: Sort, order: Order, *, by_facets: bool) -> TextClause:
    key = _key(sort, by_facets=by_facets)
    in_order = _order(key, order)
    rest = f"{_behind(key, order)} {_MATCHING} {_BY_FACETS if by_facets else _EARLIER} {in_order} {_LIMIT}"
    both = _OF_RUN.format(columns=f"run_id, wallet_id, score, {key or 'score'} AS place", rest=rest)
    tie = "ASC" if order == "desc" else "DESC"
    in_place = f"ORDER BY place {order}, score {order}, wallet_id {tie}"
    return text(f"""
        WITH listed AS (SELECT * FROM ({both}) AS both_parts {in_place} {_LIMIT})
        SELECT s.*, listed.place, w.chain, w.address, before.score AS previous_score
        FROM listed JOIN risk_scores s USING (run_id, wallet_id) JOIN wallets w USING (wallet_id)
        LEFT JOIN risk_scores before
            ON before.wallet_id = s.wallet_id AND is_of_run(before.run_id, before.until_run_id, :previous_run)
        ORDER BY listed.place {order}, s.score {order}, s.wallet_id {tie}
    """)  # noqa: S608 - of constants alone


def _counted(*, by_facets: bool) -> TextClause:
    rest = f"{_MATCHING} {_BY_FACETS if by_facets else _EARLIER}"
    return text(f"""
        SELECT count(*) FROM ({_OF_RUN.format(columns="wallet_id", rest=rest)}) AS s
    """)  # noqa: S608 - likewise


LISTED = {
    (sort, order, by_facets): _listed(sort, order, by_facets=by_facets)
    for sort in SORTS
    for order in ORDERS
    for by_facets in (True, False)
}
"""By order, and whether the run has facets."""
COUNTED = {by_facets: _counted(by_facets=by_facets) for by_facets in (True, False)}
LEVELS = text(f"""
    SELECT risk_level, count(*) AS wallets
    FROM ({_OF_RUN.format(columns="risk_level", rest="AND score IS NOT NULL")}) AS s
    GROUP BY risk_level
""")  # noqa: S608 - likewise
PLACE = text(f"""
    SELECT score, ({LEVEL_RANK}) AS risk_level, coalesce(crime_cents, 0) AS crime_usd,
        coalesce(last_seen_seconds, -1) AS last_seen
    FROM risk_scores WHERE wallet_id = :wallet_id AND is_of_run(run_id, until_run_id, :run_id)
      AND score IS NOT NULL
""")  # noqa: S608 - likewise
