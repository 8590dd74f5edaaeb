"""Writes pages of rows into the graph: absolute values, each guarded by its revision and generation."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import compress
from typing import Any

from app.errors import NotReady, Unequal
from app.projection.rows import Page
from app.projection.state import State
from app.stores.graph import Graph
from cypher import Query, query

Step = tuple[Query, Mapping[str, Any]]
"""One query of a transaction with its parameters."""


def write_wallets(graph: Graph, state: State, page: Page) -> int:
    """Writes the names of wallets, and notes the batch of the first that may lack a label."""
    batches = page.columns["batch"]
    invalidate = {
        "record_id": state.record_id,
        "labelled_batch": min(compress(batches, page.columns["may_be_labelled"]), default=None),
        "first_batch": min(batches, default=None),
        "label_revision": state.label_revision,
    }
    write = _guarded("write/wallets", state, wallets=page.columns)
    matched = graph.write([*_begin(state, page), (query("labels/invalidate"), invalidate), write])[-1]
    return _require_all(page, matched)


def write_transfers(graph: Graph, state: State, page: Page, *, first: Step | None = None) -> int:
    """Writes edges between wallets; an edge may come before the row that names its wallet.

    Args:
        graph: the graph.
        state: its state, with the generation to write.
        page: of `rows.TRANSFER_ROWS`.
        first: what the same transaction does first, such as deleting misplaced edges.
    """
    steps = [*_begin(state, page), _guarded("write/transfers", state, transfers=page.columns)]
    if first is not None:
        steps.insert(1, first)
    try:
        matched = graph.write(steps)[-1]
    except Unequal:  # an edge with the id of one of these transfers stands between other wallets
        steps.insert(1, delete_misplaced(page))
        matched = graph.write(steps)[-1]
    if matched[0]["matched"] < page.rows:  # a wallet belongs to a batch that is still pending
        wallet_ids = sorted({*page.columns["sender_id"], *page.columns["receiver_id"]})
        endpoints = _guarded("write/endpoints", state, wallet_ids=wallet_ids)
        matched = graph.write([*_begin(state, page), endpoints, steps[-1]])[-1]
    return _require_all(page, matched)


def delete_misplaced(page: Page) -> Step:
    """Deletes edges of these transfers that stand between other wallets than the rows say."""
    return query("cleanup/delete_misplaced_transfers"), {"transfers": page.columns}


def lock_state(state: State) -> Step:
    """Locks the state node until the transaction ends: transactions that begin with it run one by one."""
    return query("write/lock_state"), {"record_id": state.record_id}


def _begin(state: State, page: Page) -> list[Step]:
    """Locks the state, and notes how far the record was when the page was read (`State.newest_batch`)."""
    if page.newest_batch is None:
        return [lock_state(state)]
    noted = {"record_id": state.record_id, **asdict(page.newest_batch)}
    return [lock_state(state), (query("write/note_newest_batch"), noted)]


def _guarded(name: str, state: State, **parameters: dict[str, list[Any]] | list[int]) -> Step:
    """A query that matches nothing when the graph has another record or generation than the state."""
    return query(name), {"record_id": state.record_id, "generation": state.generation, **parameters}


def _require_all(page: Page, matched: list[dict[str, Any]]) -> int:
    if matched[0]["matched"] != page.rows:
        raise NotReady(
            "The graph was emptied or rebuilt while it was written to. Nothing is lost: try again."
        )
    return page.rows
