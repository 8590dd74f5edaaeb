"""Annotations into the record: the flows of transfers."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.ledger.pool import Accounted
from app.stores.copy_writer import copy_plain_rows


@dataclass(slots=True)
class FlowSides:
    """The sides of one transfer's annotation that changed: sending, receiving, or both."""

    send: tuple[int, Accounted] | None = None
    receive: tuple[int, Accounted] | None = None


FLOW_COLUMNS = (
    "transfer_id", "seq", "revision",
    "send_pool_id", "send_epoch", "send_balance", "send_drain", "send_drain_low", "send_share", "unobserved",
    "recv_pool_id", "recv_epoch", "recv_balance", "recv_drain", "recv_drain_low",
)  # fmt: skip
"""Of a line of COPY."""
_NO_FLOW = (None,) * (len(FLOW_COLUMNS) - 3)

RESTATED_SIDES = 5_000
"""Sides of flows that are rewritten together."""

_DELETE_FLOWS = text("DELETE FROM flows WHERE transfer_id = ANY(:ids)")
_RESTATED = text("""
    CREATE TEMP TABLE IF NOT EXISTS restated (
        transfer_id bigint, is_send boolean, epoch int, balance numeric, drain double precision,
        drain_low double precision, share double precision, unobserved numeric
    ) ON COMMIT DELETE ROWS
""")
_RESTATE_SENDS = text("""
    UPDATE flows f SET revision = :batch_id, send_epoch = r.epoch, send_balance = r.balance,
        send_drain = r.drain, send_drain_low = r.drain_low, send_share = r.share, unobserved = r.unobserved
    FROM restated r WHERE r.is_send AND f.transfer_id = r.transfer_id
""")
_RESTATE_DEPOSITS = text("""
    UPDATE flows f SET revision = :batch_id, recv_epoch = r.epoch, recv_balance = r.balance,
        recv_drain = r.drain, recv_drain_low = r.drain_low
    FROM restated r WHERE NOT r.is_send AND f.transfer_id = r.transfer_id
""")
_CLEAR_RESTATED = text("TRUNCATE restated")
_COUNT_OF_BATCH = text("SELECT count(*) FROM flows WHERE revision = :batch_id")


def write_flows(
    connection: Connection,
    batch_id: int,
    rows: Iterable[tuple[int, int, FlowSides | None]],
    rewritten: Collection[int],
) -> None:
    """Writes whole flows of (transfer_id, seq, both sides or None for a transfer without flow).

    `rewritten` are the transfers among them that may have a row already: retracted and revived ones.
    """
    if rewritten:
        connection.execute(_DELETE_FLOWS, {"ids": list(rewritten)})
    flows = (
        (transfer_id, seq, batch_id, *(_NO_FLOW if sides is None else _both_sides(sides)))
        for transfer_id, seq, sides in rows
    )
    copy_plain_rows(connection, "flows", FLOW_COLUMNS, flows)


class Restated:
    """Rewrites the changed sides of flows that earlier batches wrote, as many at once as memory is for.

    So few at once that PostgreSQL looks each of them up, however many there are in all.
    """

    def __init__(self, connection: Connection, batch_id: int) -> None:
        self._connection = connection
        self._batch_id = batch_id
        self._sides: list[tuple[Any, ...]] = []
        self._is_written = False

    def add(self, side: Accounted) -> None:
        """Rewrites this side of its flow, now or later."""
        balance, epoch, drain, drain_low = side.before
        self._sides.append(
            (
                side.entry.key, side.entry.is_send, epoch, str(balance), drain, drain_low, side.share,
                str(side.unobserved),
            )
        )  # fmt: skip
        if len(self._sides) >= RESTATED_SIDES:
            self._write()

    def finish(self) -> int:
        """Rewrites what is left; returns how many flows were rewritten. The batch's own come afterwards."""
        if self._sides:
            self._write()
        if not self._is_written:
            return 0
        return int(self._connection.execute(_COUNT_OF_BATCH, {"batch_id": self._batch_id}).scalar_one())

    def _write(self) -> None:
        self._connection.execute(_RESTATED)
        columns = ("transfer_id", "is_send", "epoch", "balance", "drain", "drain_low", "share", "unobserved")
        copy_plain_rows(self._connection, "restated", columns, self._sides)
        self._connection.execute(_RESTATE_SENDS, {"batch_id": self._batch_id})
        self._connection.execute(_RESTATE_DEPOSITS, {"batch_id": self._batch_id})
        self._connection.execute(_CLEAR_RESTATED)
        self._sides, self._is_written = [], True


def _both_sides(sides: FlowSides) -> tuple[Any, ...]:
    assert sides.send is not None  # noqa: S101 - a transfer with a flow has both sides
    assert sides.receive is not None  # noqa: S101 - likewise
    (send_pool, send), (receive_pool, receive) = sides.send, sides.receive
    balance, epoch, drain, drain_low = send.before
    at_receiver, receiver_epoch, receiver_drain, receiver_drain_low = receive.before
    return (
        send_pool, epoch, str(balance), drain, drain_low, send.share, str(send.unobserved),
        receive_pool, receiver_epoch, str(at_receiver), receiver_drain, receiver_drain_low,
    )  # fmt: skip
