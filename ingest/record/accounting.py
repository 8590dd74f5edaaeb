"""Accounts the pools that a batch changes, and writes the annotation (docs/exposure.md) into the record.

A transfer in order appends to its two pools. A late or retracted one restates them from its place on
(`ingest.record.restatement`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from operator import itemgetter

from sqlalchemy import Connection, text

from app.domain import ledger_seq
from app.ledger.pool import Accounted, Entry, PoolState, account
from ingest.record.changes import Change, Changes, PoolAccount
from ingest.record.flows import FlowSides, Restated, write_flows, write_pools
from ingest.record.restatement import restate

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


def account_batch(connection: Connection, batch_id: int, changes: Changes) -> int:
    """Writes the flows and pools that follow from transfers which now count or no longer do.

    Returns:
        How many other transfers had their annotation restated.
    """
    counted = _read_changes(connection, changes.counted, changes.new)
    retracted = _read_changes(connection, changes.retracted, changes.new)
    waiting = [changes.new[transfer_id] for transfer_id in changes.waiting]
    pools = list(_read_pools(connection, counted, retracted))
    in_order = (entry for pool in pools if not pool.is_late for entry in _append(pool))
    late = [pool for pool in pools if pool.is_late]
    own = {change.transfer_id: FlowSides() for change in counted if change.has_flow}
    restated = Restated(connection, batch_id)
    for pool_id, accounted in chain(in_order, restate(connection, late)):
        if (sides := own.get(accounted.entry.key)) is None:
            restated.add(accounted)
        elif accounted.entry.is_send:
            sides.send = pool_id, accounted
        else:
            sides.receive = pool_id, accounted
    others = restated.finish()
    rows = [(c.transfer_id, c.place[0], own.get(c.transfer_id)) for c in counted]
    rows += [(c.transfer_id, c.place[0], None) for c in (*retracted, *waiting)]
    rewritten = changes.retracted | (changes.counted - changes.new.keys())
    write_flows(connection, batch_id, rows, rewritten)
    for pool in pools:
        # The place of a retracted transfer may stay the last one: it only decides which transfers are late.
        pool.last = max([pool.last, *(place for place, _ in pool.added)])
    write_pools(connection, [(pool.pool_id, pool.state, pool.last) for pool in pools])
    return others


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


def _append(pool: PoolAccount) -> Iterator[tuple[int, Accounted]]:
    """Accounts what is added behind everything that the pool has; sets its last state."""
    entries = (entry for _, entry in sorted(pool.added, key=itemgetter(0)))
    for accounted, after in account(pool.state, entries):
        yield pool.pool_id, accounted
        pool.state = after
