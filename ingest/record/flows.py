"""Annotations into the record: the flows of transfers, and the states of their pools."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.ledger.pool import Accounted, PoolState
from app.stores.copy_writer import copy_lines
from ingest.record.changes import LedgerPlace


@dataclass(slots=True)
class FlowSides:
    """The sides of one transfer's annotation that changed: sending, receiving, or both."""

    send: tuple[int, Accounted] | None = None
    receive: tuple[int, Accounted] | None = None


_FLOW_COLUMNS = (
    "transfer_id", "seq", "revision",
    "send_pool_id", "send_epoch", "send_balance", "send_drain", "send_drain_low", "send_share", "unobserved",
    "recv_pool_id", "recv_epoch", "recv_balance", "recv_drain", "recv_drain_low",
)  # fmt: skip
_NO_FLOW = "\t".join([r"\N"] * (len(_FLOW_COLUMNS) - 3))

RESTATED_LINES = 5_000
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
_POOL_STATES = text("""
    CREATE TEMP TABLE IF NOT EXISTS pool_states (
        pool_id bigint, balance numeric, epoch int, drain double precision, drain_low double precision,
        last_seq bigint, last_transaction_hash text
    ) ON COMMIT DELETE ROWS
""")
_UPDATE_POOLS = text("""
    UPDATE pools p SET balance = s.balance, epoch = s.epoch, drain = s.drain, drain_low = s.drain_low,
        last_seq = s.last_seq, last_transaction_hash = s.last_transaction_hash
    FROM pool_states s WHERE p.pool_id = s.pool_id
""")


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
    lines = (
        f"{transfer_id}\t{seq}\t{batch_id}\t{_NO_FLOW if sides is None else _both_sides(sides)}"
        for transfer_id, seq, sides in rows
    )
    copy_lines(connection, "flows", _FLOW_COLUMNS, lines)


class Restated:
    """Rewrites the changed sides of flows that earlier batches wrote, as many at once as memory is for.

    So few at once that PostgreSQL looks each of them up, however many there are in all.
    """

    def __init__(self, connection: Connection, batch_id: int) -> None:
        self._connection = connection
        self._batch_id = batch_id
        self._lines: list[str] = []
        self._is_written = False

    def add(self, side: Accounted) -> None:
        """Rewrites this side of its flow, now or later."""
        self._lines.append(
            f"{side.entry.key}\t{side.entry.is_send}\t{_state(side.before)}\t{side.share!r}\t{side.unobserved}"
        )
        if len(self._lines) >= RESTATED_LINES:
            self._write()

    def finish(self) -> int:
        """Rewrites what is left; returns how many flows were rewritten. The batch's own come afterwards."""
        if self._lines:
            self._write()
        if not self._is_written:
            return 0
        return int(self._connection.execute(_COUNT_OF_BATCH, {"batch_id": self._batch_id}).scalar_one())

    def _write(self) -> None:
        self._connection.execute(_RESTATED)
        columns = ("transfer_id", "is_send", "epoch", "balance", "drain", "drain_low", "share", "unobserved")
        copy_lines(self._connection, "restated", columns, self._lines)
        self._connection.execute(_RESTATE_SENDS, {"batch_id": self._batch_id})
        self._connection.execute(_RESTATE_DEPOSITS, {"batch_id": self._batch_id})
        self._connection.execute(_CLEAR_RESTATED)
        self._lines, self._is_written = [], True


def write_pools(connection: Connection, pools: Collection[tuple[int, PoolState, LedgerPlace]]) -> None:
    """Writes the last state and place of each pool."""
    connection.execute(_POOL_STATES)
    columns = ("pool_id", "epoch", "balance", "drain", "drain_low", "last_seq", "last_transaction_hash")
    lines = (f"{pool_id}\t{_state(s)}\t{seq}\t{last_hash}" for pool_id, s, (seq, last_hash) in pools)
    copy_lines(connection, "pool_states", columns, lines)
    connection.execute(_UPDATE_POOLS)


def _both_sides(sides: FlowSides) -> str:
    assert sides.send is not None  # noqa: S101 - a transfer with a flow has both sides
    assert sides.receive is not None  # noqa: S101 - likewise
    (send_pool, send), (receive_pool, receive) = sides.send, sides.receive
    return (
        f"{send_pool}\t{_state(send.before)}\t{send.share!r}\t{send.unobserved}"
        f"\t{receive_pool}\t{_state(receive.before)}"
    )


def _state(s: PoolState) -> str:
    return f"{s.epoch}\t{s.balance}\t{s.drain!r}\t{s.drain_low!r}"
