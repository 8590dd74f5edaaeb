"""Accounts the pools that a batch changes, and writes the annotation (docs/exposure.md) into the record.

A transfer in order appends to its two pools. A late or retracted one restates them from its place on,
beginning with the state that is stored just before the first later transfer.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from app.domain import ledger_seq
from app.ledger.pool import Accounted, Entry, PoolState, account
from ingest.record.changes import Change, Changes, LedgerPlace
from ingest.record.flows import FlowSides, restate_flows, write_flows, write_pools

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
# One branch for each side: each reads a range of its index, from the place of the earliest change on.
_LATER = text("""
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
    """One pool that changes: its stored state, what changes, and what is stored after the first change."""

    pool_id: int
    state: PoolState
    last: LedgerPlace
    added: list[tuple[LedgerPlace, Entry]] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)
    first: LedgerPlace | None = None
    later: list[tuple[LedgerPlace, Entry, PoolState]] = field(default_factory=list)

    def touch(self, place: LedgerPlace) -> None:
        """Keeps the earliest place that changes."""
        self.first = place if self.first is None else min(self.first, place)

    @property
    def is_late(self) -> bool:
        """Something that is stored already comes after the first change."""
        return self.first is not None and (bool(self.removed) or self.first < self.last)


def account_batch(connection: Connection, batch_id: int, changes: Changes) -> int:
    """Writes the flows and pools that follow from transfers which now count or no longer do.

    Returns:
        How many other transfers had their annotation restated.
    """
    counted = _read_changes(connection, changes.counted, changes.new)
    retracted = _read_changes(connection, changes.retracted, changes.new)
    pools = list(_read_pools(connection, counted, retracted))
    _load_later(connection, [pool for pool in pools if pool.is_late])
    changed: dict[int, FlowSides] = defaultdict(FlowSides)
    for pool in pools:
        for accounted in _account_pool(pool):
            sides = changed[accounted.entry.key]
            if accounted.entry.is_send:
                sides.send = pool.pool_id, accounted
            else:
                sides.receive = pool.pool_id, accounted
    rows = [(c.transfer_id, c.place[0], changed.pop(c.transfer_id, None)) for c in counted]
    rows += [(c.transfer_id, c.place[0], None) for c in retracted]
    rewritten = changes.retracted | (changes.counted - changes.new.keys())
    write_flows(connection, batch_id, rows, rewritten)
    restate_flows(connection, batch_id, changed)
    write_pools(connection, [(pool.pool_id, pool.state, pool.last) for pool in pools])
    return len(changed)


def _read_changes(connection: Connection, ids: Collection[int], known: Mapping[int, Change]) -> list[Change]:
    """The transfers of these ids; those that are not known are read from the record."""
    changes = [known[i] for i in ids if i in known]
    if len(changes) < len(ids):
        changes += [
            Change(r[0], (ledger_seq(r[1], r[2], r[3]), r[4]), (r[5], r[7]), (r[6], r[7]), int(r[8]))
            for r in connection.execute(_CHANGED, {"ids": [i for i in ids if i not in known]})
        ]
    return changes


def _read_pools(
    connection: Connection, counted: list[Change], retracted: list[Change]
) -> Iterable[PoolAccount]:
    keys = sorted({key for c in (*counted, *retracted) if c.has_flow for key in (c.sender, c.receiver)})
    arrays = {"wallets": [w for w, _ in keys], "assets": [a for _, a in keys]}
    connection.execute(_ADD_POOLS, arrays)
    accounts = {
        (r[0], r[1]): PoolAccount(r[2], PoolState(int(r[3]), r[4], r[5], r[6]), (r[7], r[8]))
        for r in connection.execute(_POOLS, arrays)
    }
    for change in counted:
        if change.has_flow:
            for key, is_send in ((change.sender, True), (change.receiver, False)):
                accounts[key].added.append((change.place, Entry(change.transfer_id, is_send, change.amount)))
                accounts[key].touch(change.place)
    for change in retracted:
        if change.has_flow:
            for key in (change.sender, change.receiver):
                accounts[key].removed.add(change.transfer_id)
                accounts[key].touch(change.place)
    return accounts.values()


def _load_later(connection: Connection, late: list[PoolAccount]) -> None:
    if not late:
        return
    by_id = {pool.pool_id: pool for pool in late}
    first = {pool.pool_id: pool.first for pool in late if pool.first is not None}
    rows = connection.execute(_LATER, {"pools": list(first), "seqs": [place[0] for place in first.values()]})
    for pool_id, transfer_id, seq, transaction_hash, is_send, amount, balance, epoch, drain, low in rows:
        if (place := (seq, transaction_hash)) >= first[pool_id]:
            entry = Entry(transfer_id, is_send, int(amount))
            by_id[pool_id].later.append((place, entry, PoolState(int(balance), epoch, drain, low)))


def _account_pool(pool: PoolAccount) -> list[Accounted]:
    """The entries whose annotation is new or differs; sets the pool's last state and place."""
    pool.later.sort(key=lambda item: item[0])
    start = pool.later[0][2] if pool.later else pool.state
    stored = {entry.key: before for _, entry, before in pool.later}
    kept = [(place, entry) for place, entry, _ in pool.later if entry.key not in pool.removed]
    entries = sorted(pool.added + kept, key=lambda item: item[0])
    changed: list[Accounted] = []
    state = start
    for accounted, after in account(start, (entry for _, entry in entries)):
        if stored.get(accounted.entry.key) != accounted.before:
            changed.append(accounted)
        state = after
    pool.state = state
    # The place of a retracted transfer may stay the last one: it only decides which transfers are late.
    pool.last = max([pool.last, *(place for place, _ in pool.added)])
    return changed
