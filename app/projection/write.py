"""Writes pages of rows into the graph: absolute values, each guarded by its revision."""

from collections.abc import Mapping
from typing import Any

from app.errors import NotReady, Unequal
from app.projection.rows import Page
from app.projection.state import State
from app.stores.graph import Graph
from cypher import Query, query

Step = tuple[Query, Mapping[str, Any]]


def write_wallets(graph: Graph, state: State, page: Page) -> int:
    """Names wallets; puts the graph's label set in doubt when one of them may have a label."""
    doubt = {
        "record_id": state.record_id,
        "labelled": any(row[3] for row in page),
        "label_revision": state.label_revision,
    }
    rows = [row[:3] for row in page]
    _, found, _ = graph.write(
        [_turn(state), _owned("write/wallets", state, rows=rows), (query("labels/invalidate"), doubt)]
    )
    return _all_of(page, found)


def write_transfers(graph: Graph, state: State, page: Page, *, before: Step | None = None) -> int:
    """Writes edges between wallets; an edge may come before the row that names its wallet.

    Args:
        graph: the graph.
        state: its state, with the generation to write.
        page: rows of `transfers_of_batches` or `transfers_after`.
        before: what the same transaction does first, such as removing edges that stand wrong.
    """
    steps = [_turn(state), _owned("write/transfers", state, rows=page)]
    if before is not None:
        steps.insert(1, before)
    try:
        found = graph.write(steps)[-1]
    except Unequal:  # somebody has moved an edge, so that its number is taken
        steps.insert(1, (query("cleanup/delete_misplaced_transfers"), {"rows": page}))
        found = graph.write(steps)[-1]
    if found[0]["found"] < len(page):  # a wallet of a batch that is still owed
        wallet_ids = sorted({wallet_id for row in page for wallet_id in row[1:3]})
        found = graph.write(
            [_turn(state), _owned("write/endpoints", state, wallet_ids=wallet_ids), steps[-1]]
        )[-1]
    return _all_of(page, found)


def _turn(state: State) -> Step:
    return query("write/lock_state"), {"record_id": state.record_id}


def _owned(name: str, state: State, **parameters: Page | list[int]) -> Step:
    return query(name), {"record_id": state.record_id, "generation": state.generation, **parameters}


def _all_of(page: Page, found: list[dict[str, Any]]) -> int:
    if found[0]["found"] != len(page):
        raise NotReady(
            "The graph was emptied or rebuilt while it was written to; nothing is lost, try again."
        )
    return len(page)
