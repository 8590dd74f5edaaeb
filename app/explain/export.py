"""Every exposure and residual of a run as rows of a file."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from app.ledger.cells import BEYOND_HOP_LIMIT, DIRECTION_NAMES, decode
from app.runs.queries import completed_or_published_run
from app.runs.score_answer import part_of

EXPORT_COLUMNS = ("chain", "asset", "address", "direction", "category", "hop", "amount", "share")

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
