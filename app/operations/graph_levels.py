"""Writes level, flags and caption of the published run onto the graph's wallets, and compares them.

The consumer's graph writer does it after a run is published, so that no run waits for it; a reload and a
repair do it too. Only wallets whose row changed since the run before are written, if the graph carries that
run as a whole. Whoever dies in between leaves a graph that says so, and the next one writes every wallet.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import structlog
from sqlalchemy import Connection, text

from app.labels.names import LabelName, WalletKey, names_of
from app.projection.differences import Difference
from app.projection.levels import (
    PAGE_ROWS,
    WalletLevel,
    begin_levels,
    caption_of,
    confirm_levels,
    page_differences,
    wallet_level,
    write_captions,
    write_levels,
)
from app.projection.state import owned_state
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.locks import Lock, exclusive
from app.stores.postgres import Postgres

log = structlog.get_logger()

_IN_USE = "Another process writes the levels of the published run into the graph."


def published_run_id(postgres: Postgres) -> int | None:
    """The id of the published run; None before the first."""
    with postgres.transaction() as connection:
        run_id: int | None = connection.execute(_PUBLISHED).scalar()
    return run_id


def project_levels(
    postgres: Postgres,
    graph: Graph,
    *,
    everything: bool = False,
    between_pages: Callable[[], None] = lambda: None,
) -> int | None:
    """Brings the graph's levels to the published run; returns the run that they are of now, None if of none.

    Does nothing while the graph lacks batches that the run has seen. With `everything` all wallets are
    written. `between_pages` is called after each page; an exception of it ends the work.

    Raises:
        DependencyMissing: a store does not answer.
        InUse: another process writes them, or the graph belongs to another record.
        NotReady: the graph was never prepared.
    """
    with postgres.transaction() as connection:
        own = record_id(connection)
        row = connection.execute(_PUBLISHED_AND_PENDING).one_or_none()
    if row is None:
        return None
    state = owned_state(graph, own)
    if state.levels_run_id == row.run_id and not everything:
        return state.levels_run_id
    if row.is_pending:
        return None
    with exclusive(postgres, Lock.LEVELS, _IN_USE):
        before = None if everything else owned_state(graph, own).levels_run_id
        begin_levels(graph, own)
        written = 0
        for page in _pages(postgres, row.run_id, before):
            write_levels(graph, own, page)
            written += len(page)
            between_pages()
        for captions in _captions(postgres):
            write_captions(graph, own, captions)
            between_pages()
        confirm_levels(graph, own, row.run_id)
    log.info("levels_projected", run_id=row.run_id, wallets=written)
    return int(row.run_id)


def level_differences(postgres: Postgres, graph: Graph) -> list[Difference] | None:
    """Wallets whose level, flags or caption are not those of the published run; none before the first.

    None when the graph says itself that it does not carry that run.
    """
    run_id = published_run_id(postgres)
    if run_id is None:
        return []
    with postgres.transaction() as connection:
        own = record_id(connection)
    if owned_state(graph, own).levels_run_id != run_id:
        return None
    found = [each for page in _pages(postgres, run_id, None) for each in page_differences(graph, page)]
    if owned_state(graph, own).levels_run_id != run_id:
        return None
    with postgres.transaction() as connection:
        rows = connection.execute(_NAMES, {"wallet_ids": [each.number for each in found]}).all()
    names = {row.wallet_id: f"{row.chain}:{row.address}" for row in rows}
    return [replace(each, name=names[each.number]) for each in found if each.number is not None]


def _pages(postgres: Postgres, run_id: int, before: int | None) -> Iterator[list[WalletLevel]]:
    """The wallets of a run, by id; with `before` only those whose row that run does not have."""
    after = -1
    while True:
        parameters = {"run_id": run_id, "before": before, "after": after, "limit": PAGE_ROWS}
        with postgres.transaction() as connection:
            rows = connection.execute(_LEVELS, parameters).all()
            names = names_of(connection, [(row.chain, row.address) for row in rows])
        if not rows:
            return
        yield [
            wallet_level(row.wallet_id, row.risk_level, row.flags, _caption(names, row.chain, row.address))
            for row in rows
        ]
        after = rows[-1].wallet_id


def _captions(postgres: Postgres) -> Iterator[dict[int, str]]:
    """The captions of wallets that have, or had, a label: a name may have changed without a score."""
    after = 0
    while True:
        with postgres.transaction() as connection:
            rows = connection.execute(_LABELLED, {"after": after, "limit": PAGE_ROWS}).all()
            captions = _captions_of(connection, [(row.wallet_id, row.chain, row.address) for row in rows])
        if not rows:
            return
        yield captions
        after = rows[-1].label_id


def _captions_of(connection: Connection, wallets: list[tuple[int, str, str]]) -> dict[int, str]:
    names = names_of(connection, [(chain, address) for _, chain, address in wallets])
    return {wallet_id: _caption(names, chain, address) for wallet_id, chain, address in wallets}


def _caption(names: Mapping[WalletKey, LabelName], chain: str, address: str) -> str:
    name = names.get((chain, address))
    return caption_of(None if name is None else name.name, address)


_NAMES = text("SELECT wallet_id, chain, address FROM wallets WHERE wallet_id = ANY(:wallet_ids)")
_PUBLISHED = text("SELECT run_id FROM published_run")
_PUBLISHED_AND_PENDING = text("""
    SELECT run_id, EXISTS (
        SELECT FROM batches WHERE projected_at IS NULL AND batch_id <= r.watermark) AS is_pending
    FROM published_run JOIN scoring_runs r USING (run_id)
""")
_LEVELS = text("""
    SELECT s.wallet_id, w.chain, w.address, s.risk_level, s.flags
    FROM risk_scores s JOIN wallets w USING (wallet_id)
    WHERE s.wallet_id > :after AND is_of_run(s.run_id, s.until_run_id, :run_id)
      AND (CAST(:before AS bigint) IS NULL OR NOT is_of_run(s.run_id, s.until_run_id, :before))
    ORDER BY s.wallet_id LIMIT :limit
""")
_LABELLED = text("""
    SELECT l.label_id, w.wallet_id, l.chain, l.address
    FROM (SELECT * FROM labels WHERE label_id > :after ORDER BY label_id LIMIT :limit) AS l
    CROSS JOIN LATERAL (
        SELECT wallet_id FROM wallets w WHERE w.chain = l.chain AND w.address = l.address LIMIT 1
    ) AS w
    ORDER BY l.label_id
""")
