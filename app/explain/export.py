"""What a run stored as rows of a file: every exposure and residual, or every score with its level."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from app.domain import format_points
from app.ledger.cells import BEYOND_HOP_LIMIT, DIRECTION_NAMES, decode
from app.runs.queries import completed_or_published_run
from app.runs.score_answer import part_of

EXPORT_COLUMNS = ("chain", "asset", "address", "direction", "category", "hop", "amount", "share")

SCORE_COLUMNS = (
    "chain", "address", "score", "level", "flags", "rules", "main_category", "usd_received", "usd_sent",
    "source_coverage", "destination_coverage",
)  # fmt: skip

_SCORES = text("""
    SELECT w.chain, w.address, s.score, s.risk_level, s.flags, s.rules, s.main_category, s.usd_received,
        s.usd_sent, s.source_coverage, s.destination_coverage
    FROM risk_scores s JOIN wallets w USING (wallet_id) WHERE is_of_run(s.run_id, s.until_run_id, :run_id)
    ORDER BY w.chain, w.address
""")
_EXPOSURES = text("""
    SELECT w.chain, a.asset, w.address, e.direction, e.cells, e.shares, e.total
    FROM exposures e JOIN wallets w USING (wallet_id) JOIN assets a USING (asset_id)
    WHERE is_of_run(e.run_id, e.until_run_id, :run_id)
    ORDER BY w.chain, a.asset, w.address, e.direction
""")


def exposure_rows(connection: Connection, run_id: int | None) -> Iterator[tuple[str | int, ...]]:
    """Rows of `EXPORT_COLUMNS` in a stable order; `beyond_hop_limit` has no hop, amounts are base units.

    Raises:
        NotFound: there is no run of that id.
        NotReady: it has no results, or no run is named and none is published.
    """
    run = completed_or_published_run(connection, run_id)
    return _rows(connection, run.run_id, run.columns)


def score_rows(connection: Connection, run_id: int | None) -> Iterator[tuple[str | float | None, ...]]:
    """Rows of `SCORE_COLUMNS` by chain and address; flags and rules have blanks between them.

    Raises:
        NotFound: there is no run of that id.
        NotReady: it has no results, or no run is named and none is published.
    """
    run = completed_or_published_run(connection, run_id)
    in_blocks = connection.execution_options(yield_per=2_000)
    for row in in_blocks.execute(_SCORES, {"run_id": run.run_id}):
        *names, score, level, flags, rules, category, received, sent, origin, end = row
        shown = None if score is None else format_points(score)
        lists = " ".join(flags), " ".join(rules)
        yield (*names, shown, level, *lists, category, received, sent, origin, end)


def _rows(connection: Connection, run_id: int, columns: list[str]) -> Iterator[tuple[str | int, ...]]:
    in_blocks = connection.execution_options(yield_per=2_000)
    for row in in_blocks.execute(_EXPOSURES, {"run_id": run_id}):
        direction = DIRECTION_NAMES[row.direction]
        for code, share in zip(row.cells, row.shares, strict=True):
            _, column, hop = decode(code)
            yield (
                row.chain,
                row.asset,
                row.address,
                direction,
                columns[column],
                "" if column == BEYOND_HOP_LIMIT else hop,
                part_of(share, row.total),
                share,
            )
