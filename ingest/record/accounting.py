"""Accounts the pools a batch has touched and writes their annotation (docs/exposure.md) into the record.

In-order transfers append to their pools. A late or retracted one restates its two pools from its place on,
starting from the state stored just before the first transfer behind that place.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from app.domain import ledger_seq
from app.ledger.pool import Accounted, Entry, PoolState, account
from ingest.record.facts import Change, Changes, Place
from ingest.record.flows import Sides, restate_flows, write_flows, write_pools

_CHANGED = text("""
    SELECT transfer_id, block_number, transaction_index, transfer_index, transaction_hash,
           sender_id, receiver_id, asset_id, amount::text
    FROM transactions WHERE transfer_id = ANY(:ids)
""")
_ADD_POOLS = text("""
    INSERT INTO pools (wallet_id, asset_id)
    SELECT k.* FROM unnest(:wallets ::bigint[], :assets ::int[]) k (wallet_id, asset_id)
    WHERE NOT EXISTS (SELECT FROM pools p WHERE (p.wallet_id, p.asset_id) = (k.wallet_id, k.asset_id))
""")
_POOLS = text("""
    SELECT p.wallet_id, p.asset_id, p.pool_id, p.balance::text, p.epoch, p.drain, p.drain_low,
           p.last_seq, p.last_transaction_hash
    FROM pools p JOIN unnest(:wallets ::bigint[], :assets ::int[]) k (wallet_id, asset_id)
    ON (p.wallet_id, p.asset_id) = (k.wallet_id, k.asset_id)
""")
# Two branches, one a side: each is a range of its index, from the place of the earliest change on.
_BEHIND = text("""
    SELECT k.pool_id, f.transfer_id, f.seq, t.transaction_hash, true, t.amount::text,
           f.send_balance::text, f.send_epoch, f.send_drain, f.send_drain_low
    FROM unnest(:pools ::bigint[], :seqs ::bigint[]) k (pool_id, seq)
    JOIN flows f ON f.send_pool_id = k.pool_id AND f.seq >= k.seq JOIN transactions t USING (transfer_id)
    UNION ALL
    SELECT k.pool_id, f.transfer_id, f.seq, t.transaction_hash, false, t.amount::text,
           f.recv_balance::text, f.recv_epoch, f.recv_drain, f.recv_drain_low
    FROM unnest(:pools ::bigint[], :seqs ::bigint[]) k (pool_id, seq)
    JOIN flows f ON f.recv_pool_id = k.pool_id AND f.seq >= k.seq JOIN transactions t USING (transfer_id)
""")


@dataclass(slots=True)
class PoolAccount:
    """One touched pool: its stored state, what is stored behind the first change, and what changes."""

    pool_id: int
    state: PoolState
    last: Place
    added: list[tuple[Place, Entry]] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)
    first: Place | None = None
    behind: list[tuple[Place, Entry, PoolState]] = field(default_factory=list)

    def touch(self, place: Place) -> None:
        """Remembers the earliest place that changes."""
        self.first = place if self.first is None else min(self.first, place)

    @property
    def is_late(self) -> bool:
        """Something that is stored already comes behind the first change."""
        return self.first is not None and (bool(self.removed) or self.first < self.last)


def account_batch(connection: Connection, batch_id: int, changes: Changes) -> int:
    """Writes the flows and pools that follow from transfers which now count or no longer do.

    Returns:
        How many other transfers had their annotation restated.
    """
    new = _changes(connection, changes.counted, changes.new)
    gone = _changes(connection, changes.retracted, changes.new)
    pools = list(_open_pools(connection, new, gone))
    _load_behind(connection, [pool for pool in pools if pool.is_late])
    changed: dict[int, Sides] = defaultdict(Sides)
    for pool in pools:
        for accounted in _settle(pool):
            sides = changed[accounted.entry.key]
            if accounted.entry.is_send:
                sides.send = pool.pool_id, accounted
            else:
                sides.receive = pool.pool_id, accounted
    rows = [(c.transfer_id, c.place[0], changed.pop(c.transfer_id, None)) for c in new]
    rows += [(c.transfer_id, c.place[0], None) for c in gone]
    rewritten = changes.retracted | (changes.counted - changes.new.keys())
    write_flows(connection, batch_id, rows, rewritten)
    restate_flows(connection, batch_id, changed)
    write_pools(connection, [(pool.pool_id, pool.state, pool.last) for pool in pools])
    return len(changed)


def _changes(connection: Connection, ids: Collection[int], known: Mapping[int, Change]) -> list[Change]:
    """The transfers of these ids, read where they are not known."""
    changes = [known[i] for i in ids if i in known]
    if len(changes) < len(ids):
        changes += [
            Change(r[0], (ledger_seq(r[1], r[2], r[3]), r[4]), (r[5], r[7]), (r[6], r[7]), int(r[8]))
            for r in connection.execute(_CHANGED, {"ids": [i for i in ids if i not in known]})
        ]
    return changes


def _open_pools(connection: Connection, new: list[Change], gone: list[Change]) -> Iterable[PoolAccount]:
    keys = sorted({key for c in (*new, *gone) if c.has_flow for key in (c.sender, c.receiver)})
    arrays = {"wallets": [w for w, _ in keys], "assets": [a for _, a in keys]}
    connection.execute(_ADD_POOLS, arrays)
    accounts = {
        (r[0], r[1]): PoolAccount(r[2], PoolState(int(r[3]), r[4], r[5], r[6]), (r[7], r[8]))
        for r in connection.execute(_POOLS, arrays)
    }
    for change in new:
        if change.has_flow:
            for key, is_send in ((change.sender, True), (change.receiver, False)):
                accounts[key].added.append((change.place, Entry(change.transfer_id, is_send, change.amount)))
                accounts[key].touch(change.place)
    for change in gone:
        if change.has_flow:
            for key in (change.sender, change.receiver):
                accounts[key].removed.add(change.transfer_id)
                accounts[key].touch(change.place)
    return accounts.values()


def _load_behind(connection: Connection, late: list[PoolAccount]) -> None:
    if not late:
        return
    by_id = {pool.pool_id: pool for pool in late}
    first = {pool.pool_id: pool.first for pool in late if pool.first is not None}
    rows = connection.execute(_BEHIND, {"pools": list(first), "seqs": [place[0] for place in first.values()]})
    for pool_id, transfer_id, seq, transaction_hash, is_send, amount, balance, epoch, drain, low in rows:
        if (place := (seq, transaction_hash)) >= first[pool_id]:
            entry = Entry(transfer_id, is_send, int(amount))
            by_id[pool_id].behind.append((place, entry, PoolState(int(balance), epoch, drain, low)))


def _settle(pool: PoolAccount) -> list[Accounted]:
    """The entries whose annotation is new or differs; leaves the pool's last state and place in `pool`."""
    pool.behind.sort(key=lambda item: item[0])
    start = pool.behind[0][2] if pool.behind else pool.state
    stored = {entry.key: before for _, entry, before in pool.behind}
    kept = [(place, entry) for place, entry, _ in pool.behind if entry.key not in pool.removed]
    entries = sorted(pool.added + kept, key=lambda item: item[0])
    changed: list[Accounted] = []
    state = start
    for accounted, after in account(start, (entry for _, entry in entries)):
        if stored.get(accounted.entry.key) != accounted.before:
            changed.append(accounted)
        state = after
    pool.state = state
    # A place that a retraction has emptied may stay the last one: it only decides what counts as late.
    pool.last = max([pool.last, *(place for place, _ in pool.added)])
    return changed
