"""Accounts a pool anew from a late or retracted transfer on, as far as that changes anything.

What is stored behind it comes from the record in ledger order, page by page, so memory depends neither on the
pool's length nor on how many pools are late (docs/decisions/0022-late-transfers.md).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, text

from app.ledger.pool import Accounted, Entry, PoolState, account_entry
from ingest.record.changes import LedgerPlace, PoolAccount

FIRST_PAGE_ROWS = 64
"""Rows of each side in a pool's first page: most late transfers have few others behind them."""
MAX_PAGE_ROWS = 4_096
"""Of each side in all pages that are read by one statement."""
PAGE_GROWTH = 8
"""How many times as large the next page of a pool is."""

# Until the transaction ends. The planner thinks that a pool has few flows. Of one that has many, a sort would
# read all for every page, where their index has them in order; a join could read all flows to rewrite some.
_BY_INDEX = text("""
    SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off
""")
# One branch for each side. Two transfers may have one seq: the hash then says which comes first.
_LATER = text("""
    SELECT k.number, f.* FROM unnest(:pools ::bigint[], :seqs ::bigint[], :hashes ::text[])
        WITH ORDINALITY k (pool_id, seq, transaction_hash, number)
    CROSS JOIN LATERAL (
        (SELECT f.transfer_id, f.seq, t.transaction_hash, true AS is_send, t.amount::text AS amount,
            f.send_balance::text AS balance, f.send_epoch AS epoch, f.send_drain AS drain,
            f.send_drain_low AS drain_low
        FROM flows f JOIN transactions t USING (transfer_id)
        WHERE f.send_pool_id = k.pool_id AND f.seq >= k.seq
            AND (f.seq > k.seq OR t.transaction_hash COLLATE "C" >= k.transaction_hash)
        ORDER BY f.seq, t.transaction_hash COLLATE "C" LIMIT :page_rows)
        UNION ALL
        (SELECT f.transfer_id, f.seq, t.transaction_hash, false, t.amount::text,
            f.recv_balance::text, f.recv_epoch, f.recv_drain, f.recv_drain_low
        FROM flows f JOIN transactions t USING (transfer_id)
        WHERE f.recv_pool_id = k.pool_id AND f.seq >= k.seq
            AND (f.seq > k.seq OR t.transaction_hash COLLATE "C" >= k.transaction_hash)
        ORDER BY f.seq, t.transaction_hash COLLATE "C" LIMIT :page_rows)
    ) f
""")


_LaterRow = Any
"""Number of the pool, transfer_id, seq, transaction_hash, is_send, amount, and the state just before it."""


def restate(connection: Connection, pools: Sequence[PoolAccount]) -> Iterator[tuple[int, Accounted]]:
    """Yields (pool_id, entry) of every entry that is new or whose annotation differs; sets the last states.

    The caller may rewrite the sides that were yielded so far: no page that is read later has them.
    """
    if not pools:
        return
    connection.execute(_BY_INDEX)
    restatements, page_rows = [_Restatement(pool) for pool in pools], FIRST_PAGE_ROWS
    while restatements:
        at_once = max(1, MAX_PAGE_ROWS // page_rows)
        for start in range(0, len(restatements), at_once):
            some = restatements[start : start + at_once]
            for restatement, (page, is_last) in zip(some, _pages(connection, some, page_rows), strict=True):
                for accounted in restatement.account(page, is_last=is_last):
                    yield restatement.pool.pool_id, accounted
        restatements = [restatement for restatement in restatements if not restatement.is_done]
        page_rows = min(page_rows * PAGE_GROWTH, MAX_PAGE_ROWS)


class _Restatement:
    """One pool on its way from its first change to where it is as it was."""

    def __init__(self, pool: PoolAccount) -> None:
        assert pool.first is not None  # noqa: S101 - a change makes a pool late
        self.pool = pool
        self.next_place = pool.first
        self.is_done = False
        self._state: PoolState | None = None
        self._added = sorted(pool.added, key=_PLACE, reverse=True)
        self._removed = set(pool.removed)

    def account(self, page: Sequence[_LaterRow], *, is_last: bool) -> Iterator[Accounted]:
        """Accounts what is stored from `next_place` on, with what is added before it and between."""
        for _, transfer_id, seq, transaction_hash, is_send, amount, balance, epoch, drain, drain_low in page:
            before = PoolState(int(balance), epoch, drain, drain_low)
            if self._state is None:
                self._state = before
            yield from self._account_added((seq, transaction_hash))
            if self._state == before and not self._added and not self._removed:
                self.is_done = True  # nothing behind it changes, nor the pool's last state
                return
            if transfer_id in self._removed:
                self._removed.remove(transfer_id)
                continue
            accounted, self._state = account_entry(self._state, Entry(transfer_id, is_send, int(amount)))
            if accounted.before != before:
                yield accounted
        if not is_last:
            self.next_place = _successor(_ROW_PLACE(page[-1]))
            return
        if self._state is None:  # only transfers that were retracted before come after the first change
            self._state = self.pool.state
        yield from self._account_added(None)
        self.pool.state, self.is_done = self._state, True

    def _account_added(self, place: LedgerPlace | None) -> Iterator[Accounted]:
        """Accounts what is added before a place; None: all that is left."""
        while self._added and (place is None or self._added[-1][0] < place):
            assert self._state is not None  # noqa: S101 - the caller has set it
            accounted, self._state = account_entry(self._state, self._added.pop()[1])
            yield accounted


def _pages(
    connection: Connection, restatements: Sequence[_Restatement], page_rows: int
) -> Iterator[tuple[list[_LaterRow], bool]]:
    """Of each pool what comes next, in ledger order, and whether that is all."""
    next_places = [restatement.next_place for restatement in restatements]
    parameters = {
        "pools": [restatement.pool.pool_id for restatement in restatements],
        "seqs": [seq for seq, _ in next_places],
        "hashes": [transaction_hash for _, transaction_hash in next_places],
        "page_rows": page_rows,
    }
    sides: dict[tuple[int, bool], list[_LaterRow]] = defaultdict(list)
    for row in connection.execute(_LATER, parameters):
        sides[row.number, row.is_send].append(row)
    for number in range(1, len(restatements) + 1):
        both = sides.pop((number, True), []), sides.pop((number, False), [])
        rows = sorted((*both[0], *both[1]), key=_ROW_PLACE)
        # Behind the last row of a full side there may be more: both sides are whole up to there.
        end = min((max(map(_ROW_PLACE, side)) for side in both if len(side) == page_rows), default=None)
        yield [row for row in rows if end is None or _ROW_PLACE(row) <= end], end is None


def _successor(place: LedgerPlace) -> LedgerPlace:
    """The least place behind this one: no text in PostgreSQL has a character below U+0001."""
    return place[0], place[1] + "\x01"


_PLACE = itemgetter(0)
_ROW_PLACE = itemgetter(2, 3)
"""Place of a row of `_LATER`: (seq, transaction_hash)."""
