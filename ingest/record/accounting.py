"""Accounts the pools that a batch changes, and writes the annotation (docs/exposure.md) into the record.

A transfer in order appends to its two pools. A late or retracted one restates them from its place on
(`ingest.record.restatement`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter

from sqlalchemy import Connection, text

from app.domain import ledger_seq
from app.ledger.pool import Accounted, Entry, account
from ingest.record.changes import Change, Changes, PoolAccount
from ingest.record.flows import FlowSides, Restated, write_flows
from ingest.record.pools import read_pools, write_pools
from ingest.record.restatement import restate

_CHANGED = text("""
    SELECT transfer_id, block_number, transaction_index, transfer_index, transaction_hash,
           sender_id, receiver_id, asset_id, amount::text
    FROM transactions WHERE transfer_id = ANY(:ids)
""")


def account_batch(connection: Connection, batch_id: int, changes: Changes) -> int:
    """Writes the flows and pools that follow from transfers which now count or no longer do.

    Returns:
        How many other transfers had their annotation restated.
    """
    counted = _read_changes(connection, changes.counted, changes.new)
    retracted = _read_changes(connection, changes.retracted, changes.new)
    waiting = [changes.new[transfer_id] for transfer_id in changes.waiting]
    entering = [change for change in counted if change.has_flow]
    leaving = [change for change in retracted if change.has_flow]
    pools = _changed_pools(connection, entering, leaving)
    in_order = (entry for pool in pools if not pool.is_late for entry in _append(pool))
    late = [pool for pool in pools if pool.is_late]
    own = {change.transfer_id: FlowSides() for change in entering}
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
    write_pools(connection, batch_id, pools)
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


def _changed_pools(
    connection: Connection, entering: Sequence[Change], leaving: Sequence[Change]
) -> Sequence[PoolAccount]:
    """The pools of these transfers, each with what enters and leaves it."""
    keys = {change.sender for change in chain(entering, leaving)}
    keys.update(change.receiver for change in chain(entering, leaving))
    pools = read_pools(connection, keys)
    for change in entering:
        for pool, is_send in ((pools[change.sender], True), (pools[change.receiver], False)):
            pool.added.append((change.place, Entry(change.transfer_id, is_send, change.amount)))
            pool.touch(change.place)
    for change in leaving:
        for pool in (pools[change.sender], pools[change.receiver]):
            pool.removed.add(change.transfer_id)
            pool.touch(change.place)
    return list(pools.values())


def _append(pool: PoolAccount) -> Iterator[tuple[int, Accounted]]:
    """Accounts what is added behind everything that the pool has; sets its last state."""
    entries = (entry for _, entry in sorted(pool.added, key=itemgetter(0)))
    for accounted, after in account(pool.state, entries):
        yield pool.pool_id, accounted
        pool.state = after
