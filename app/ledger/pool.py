"""One pool's account: balances in exact integers, drain and shares in doubles. See docs/exposure.md.

A pool depends only on its own transfers in ledger order, so any arrival order ends in the same account:
a late transfer restates what comes after its place, from the state just before it.
"""

from collections.abc import Iterable, Iterator
from math import log, log1p
from typing import NamedTuple


class PoolState(NamedTuple):
    """A pool between two transfers.

    `balance` is in base units. `drain` is the epoch's running sum of ln(balance before / balance after) over
    sends, with `drain_low` its rounding error, so that the sum is good to twice the digits of a double.
    """

    balance: int = 0
    epoch: int = 0
    drain: float = 0.0
    drain_low: float = 0.0


class Entry(NamedTuple):
    """One transfer as one of its two pools sees it; `key` is the caller's, entries come in ledger order."""

    key: int
    is_send: bool
    amount: int


class Accounted(NamedTuple):
    """An entry with the state of the pool just before it.

    For a send, `share` is the part of the balance that left (0..1) and `unobserved` what the pool could
    not cover, in base units; for a deposit both are 0.
    """

    entry: Entry
    before: PoolState
    share: float
    unobserved: int


EMPTY = PoolState()


def deposit(state: PoolState, amount: int) -> PoolState:
    """The pool after a deposit: the drain does not change."""
    return PoolState(state.balance + amount, state.epoch, state.drain, state.drain_low)


def send(state: PoolState, amount: int) -> tuple[PoolState, float, int]:
    """The pool after a send, with the share that left and what it could not cover.

    A send that empties a pool which held something starts a new epoch: nothing from before is in it any more.
    """
    covered = min(amount, state.balance)
    unobserved = amount - covered
    if covered == state.balance:
        epoch = state.epoch + 1 if covered else state.epoch
        return PoolState(0, epoch), 1.0 if covered else 0.0, unobserved
    left = state.balance - covered
    # int / int is correctly rounded whatever the size; each form is used where it loses no digits.
    step = -log1p(-(covered / state.balance)) if covered <= left else -log(left / state.balance)
    drain, drain_low = _add(state.drain, state.drain_low, step)
    return PoolState(left, state.epoch, drain, drain_low), covered / state.balance, unobserved


def account_entry(state: PoolState, entry: Entry) -> tuple[Accounted, PoolState]:
    """One entry of a pool in this state, and the state after it."""
    if entry.is_send:
        after, share, unobserved = send(state, entry.amount)
        return Accounted(entry, state, share, unobserved), after
    return Accounted(entry, state, 0.0, 0), deposit(state, entry.amount)


def account(state: PoolState, entries: Iterable[Entry]) -> Iterator[tuple[Accounted, PoolState]]:
    """Accounts a pool's entries in ledger order, from `state`; yields each with the state after it."""
    for entry in entries:
        accounted, state = account_entry(state, entry)
        yield accounted, state


def _add(high: float, low: float, step: float) -> tuple[float, float]:
    """Adds to an unevaluated sum of two doubles (Knuth's TwoSum, then renormalised)."""
    total = high + step
    added = total - high
    error = (high - (total - added)) + (step - added)
    error += low
    result = total + error
    return result, error - (result - total)
