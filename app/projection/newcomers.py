"""Wallets that came after the graph's labels were written, and giving them theirs of the same label set."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from app.labels.effective import EffectiveLabel
from app.projection.labels import PAGE_ROWS, confirmed, label_rows
from app.projection.rows import MAY_BE_LABELLED, paged
from app.projection.state import State
from app.projection.write import lock_state
from app.stores.graph import Graph
from cypher import query


def newcomers(connection: Connection, first_batch: int) -> Sequence[Row[Any]]:
    """Wallets that came in this batch or later and may be labelled: `wallet_id` and `address`."""
    return connection.execute(_NEWCOMERS, {"first_batch": first_batch}).all()


def first_newcomer(connection: Connection, seen_until: int) -> int | None:
    """The batch of the first wallet that came after a batch and may be labelled; None without one."""
    batch: int | None = connection.execute(_FIRST, {"first_batch": seen_until + 1}).scalar()
    return batch


def write_newcomers(graph: Graph, state: State, labels: Sequence[EffectiveLabel]) -> bool:
    """Gives these wallets their labels and confirms that no wallet lacks its label of the confirmed set.

    False, and nothing is confirmed, where another revision has begun since this state was read: then either
    another label set is being written, or another wallet came. Writing twice changes nothing.
    """
    for rows in paged(label_rows(labels), PAGE_ROWS):
        # The lock keeps another set from beginning before these rows are written: it then reads them.
        page = {"rows": rows, "label_revision": state.label_revision}
        graph.write([lock_state(state), (query("labels/write"), page)])
    assert state.label_set_digest is not None  # noqa: S101 - the caller looked
    return confirmed(graph, state.label_revision, state.label_set_digest, None)


_NEWCOMERS = text(f"""
    SELECT w.wallet_id, w.address FROM wallets w WHERE w.batch_id >= :first_batch AND ({MAY_BE_LABELLED})
""")  # noqa: S608 - constants of the code
_FIRST = text(f"""
    SELECT min(w.batch_id) FROM wallets w WHERE w.batch_id >= :first_batch AND ({MAY_BE_LABELLED})
""")  # noqa: S608 - constants of the code
