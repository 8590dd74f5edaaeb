"""The annotation of transfers as one pass over each pool gives it: what any order of arrival must end in."""

from collections import defaultdict
from collections.abc import Iterable

from app.domain import Transfer
from app.ledger.pool import EMPTY, Accounted, Entry, PoolState, account

Pool = tuple[str, str]
"""(address, asset)."""


def one_pass(transfers: Iterable[Transfer]) -> tuple[list[tuple[object, ...]], dict[Pool, PoolState]]:
    """Each transfer's hash and annotation, in ledger order, and the last states of the pools."""
    ordered = sorted(transfers, key=lambda t: (t.seq, t.transaction_hash))
    entries: dict[Pool, list[Entry]] = defaultdict(list)
    for number, t in enumerate(ordered):
        if t.amount and t.sender != t.receiver:
            entries[t.sender, t.asset].append(Entry(number, is_send=True, amount=t.amount))
            entries[t.receiver, t.asset].append(Entry(number, is_send=False, amount=t.amount))
    sides: dict[tuple[int, bool], Accounted] = {}
    states: dict[Pool, PoolState] = {}
    for pool, its in entries.items():
        states[pool] = EMPTY
        for accounted, states[pool] in account(EMPTY, its):
            sides[accounted.entry.key, accounted.entry.is_send] = accounted
    rows = [_row(t, sides.get((n, True)), sides.get((n, False))) for n, t in enumerate(ordered)]
    return rows, states


def _row(t: Transfer, send: Accounted | None, receive: Accounted | None) -> tuple[object, ...]:
    if send is None or receive is None:
        return t.transaction_hash, *[None] * 10
    s, r = send.before, receive.before
    return (
        t.transaction_hash,
        *(s.epoch, s.balance, s.drain, s.drain_low, send.share, send.unobserved),
        *(r.epoch, r.balance, r.drain, r.drain_low),
    )
