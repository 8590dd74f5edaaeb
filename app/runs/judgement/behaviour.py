"""What wallets do, besides whom they deal with: who collects for crime, and who lost money to it.

A mule collects from many and passes it on at once. Passing on alone is no sign: a victim buys coins and pays
with them the same day. So the payers without a label are counted (`Policy.mule`).
"""

from collections import Counter, deque
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.ledger.cells import CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.policy.conditions import Behaviour, Condition
from app.policy.points import BILLION, micro_usd
from app.policy.policy import Mule, Policy
from app.policy.rules import cells_of
from app.runs.judgement.subjects import Subjects
from app.runs.results.accounts import Accounts
from app.runs.results.totals import Totals

_DAY = 86_400_000_000
"""Microseconds."""


class _Deposit(NamedTuple):
    """Money of one payer without a label: its place in the ledger, when it came, and how much."""

    place: int
    moment: int
    amount: float
    payer: int


class _Payment(NamedTuple):
    """Money paid to crime of one category."""

    place: int
    moment: int
    amount: float
    category: int


def behaviours_of(
    policy: Policy,
    subjects: Subjects,
    accounts: Accounts,
    exposures: Exposures,
    known_assets: NDArray[np.int32],
) -> dict[Behaviour, NDArray[np.bool_]]:
    """Which wallets are mules, which have paid one, and which may be victims."""
    mule, paid_mule = _mules(policy, subjects, accounts, known_assets)
    victim = _victims(policy, subjects, accounts, exposures, known_assets)
    return {"mule": mule, "paid_mule": paid_mule & ~mule, "victim": victim & ~mule}


def _mules(
    policy: Policy, subjects: Subjects, accounts: Accounts, known_assets: NDArray[np.int32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    mule, paid_mule = (np.zeros(len(subjects.wallet_id), np.bool_) for _ in range(2))
    numbers = policy.mule
    if numbers is None:
        return mule, paid_mule
    flows, wallet = accounts.flows, np.searchsorted(subjects.wallet_id, accounts.wallet_id)
    names = list(policy.categories)
    crime = np.isin(subjects.own[wallet], [names.index(name) for name in numbers.categories])
    plain = ~subjects.labelled[wallet]
    known = np.isin(accounts.asset_id, known_assets)
    payments = np.flatnonzero(
        crime[flows.receiver_pool] & (plain & known)[flows.sender_pool] & (flows.amount > 0)
    )
    pays = np.zeros(len(wallet), np.bool_)
    pays[flows.sender_pool[payments]] = True
    deposits = np.flatnonzero(pays[flows.receiver_pool] & plain[flows.sender_pool])
    payers = wallet[flows.sender_pool[deposits]]
    pairs = np.unique(np.stack([flows.receiver_pool[deposits], payers]), axis=1)
    collected = np.bincount(pairs[0], minlength=len(wallet)) >= numbers.payers_at_least
    for pool, in_order in _by_pool(flows.receiver_pool, deposits, collected):
        mine = payments[flows.sender_pool[payments] == pool].tolist()
        received = [
            _Deposit(
                at, int(accounts.occurred_at[at]), float(flows.amount[at]), int(wallet[flows.sender_pool[at]])
            )
            for at in in_order
        ]
        sent = [
            _Payment(
                at,
                int(accounts.occurred_at[at]),
                float(flows.amount[at]),
                int(subjects.own[wallet[flows.receiver_pool[at]]]),
            )
            for at in mine
        ]
        collected_from = _collected_from(numbers, received, sent)
        if collected_from:
            mule[wallet[pool]] = True
            paid_mule[list(collected_from)] = True
    return mule, paid_mule


def _by_pool(
    pool_of: NDArray[np.int32], transfers: NDArray[np.int64], pools: NDArray[np.bool_]
) -> Iterator[tuple[int, list[int]]]:
    """Each of the marked pools with its transfers, in ledger order."""
    mine = transfers[pools[pool_of[transfers]]]
    mine = mine[np.argsort(pool_of[mine], kind="stable")]
    numbers, starts = np.unique(pool_of[mine], return_index=True)
    ends = np.append(starts, len(mine))[1:]
    for pool, begin, end in zip(numbers.tolist(), starts, ends, strict=True):
        yield pool, mine[begin:end].tolist()


def _collected_from(numbers: Mule, deposits: list[_Deposit], payments: list[_Payment]) -> set[int]:
    """The payers of the days in which it collected for one category of crime; none where it never did."""
    payers: set[int] = set()
    came_before = list(accumulate((deposit.amount for deposit in deposits), initial=0.0))
    for category in sorted({payment.category for payment in payments}):
        of_category = [payment for payment in payments if payment.category == category]
        passed_before = list(accumulate(_passed_on(numbers, deposits, of_category), initial=0.0))
        for begin, end in _windows(numbers, deposits):
            part = (passed_before[end] - passed_before[begin]) / (came_before[end] - came_before[begin])
            if round(part * BILLION) >= round(numbers.passed_on_at_least * BILLION):
                payers.update(deposit.payer for deposit in deposits[begin:end])
    return payers


def _passed_on(numbers: Mule, deposits: list[_Deposit], payments: list[_Payment]) -> list[float]:
    """How much of each deposit went on in time: a payment takes the oldest money first."""
    passed = [0.0] * len(deposits)
    waiting: deque[int] = deque()
    arrived = 0
    for payment in payments:
        while arrived < len(deposits) and deposits[arrived].place < payment.place:
            waiting.append(arrived)
            arrived += 1
        rest = payment.amount
        while waiting and rest > 0:
            oldest = waiting[0]
            if payment.moment - deposits[oldest].moment > numbers.passed_on_within_days * _DAY:
                waiting.popleft()
                continue
            part = min(rest, deposits[oldest].amount - passed[oldest])
            passed[oldest] += part
            rest -= part
            if passed[oldest] >= deposits[oldest].amount:
                waiting.popleft()
    return passed


def _windows(numbers: Mule, deposits: list[_Deposit]) -> Iterator[tuple[int, int]]:
    """Where deposits of enough payers begin and end that came within the days, each as long as may be."""
    payers: Counter[int] = Counter()
    end = 0
    for begin, deposit in enumerate(deposits):
        while end < len(deposits) and deposits[end].moment - deposit.moment <= numbers.within_days * _DAY:
            payers[deposits[end].payer] += 1
            end += 1
        if len(payers) >= numbers.payers_at_least:
            yield begin, end
        payers[deposit.payer] -= 1
        if not payers[deposit.payer]:
            del payers[deposit.payer]


def _victims(
    policy: Policy,
    subjects: Subjects,
    accounts: Accounts,
    exposures: Exposures,
    known_assets: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Who paid one of the categories directly, and more than all crime that came to it."""
    layout, wallet_id = exposures.layout, subjects.wallet_id
    if policy.victim is None:
        return np.zeros(len(wallet_id), np.bool_)
    paid_cells = _cells(layout, policy.victim.categories, hop_at_most=1)
    back_cells = _cells(layout, tuple(policy.crimes))
    paid = _usd(exposures.destination, accounts.totals.destination, paid_cells, wallet_id, known_assets)
    back = _usd(exposures.source, accounts.totals.source, back_cells, wallet_id, known_assets)
    victim: NDArray[np.bool_] = micro_usd(paid) > micro_usd(back)
    for row, amount in _amounts(exposures.destination, accounts.totals.destination, paid_cells, known_assets):
        owner, asset = exposures.destination.wallet_id[row], exposures.destination.asset_id[row]
        came = _amounts(
            exposures.source, accounts.totals.source, back_cells, known_assets, (int(owner), int(asset))
        )
        if amount > sum(received for _, received in came):
            victim[np.searchsorted(wallet_id, owner)] = True
    return victim & ~subjects.is_crime(policy)


def _cells(layout: CellLayout, categories: tuple[str, ...], hop_at_most: int = 6) -> NDArray[np.bool_]:
    periods = ("before", "while", "after", "unknown")
    return cells_of(layout, Condition(categories=categories, hop_at_most=hop_at_most, listed=periods))


def _usd(
    direction: DirectionShares,
    totals: Totals,
    cells: NDArray[np.bool_],
    wallet_id: NDArray[np.int64],
    known_assets: NDArray[np.int32],
) -> NDArray[np.float64]:
    """What the money in these cells was worth, by wallet."""
    owner = np.searchsorted(wallet_id, totals.wallet_id)
    usd = np.bincount(owner, totals.usd_value * totals.known(known_assets), minlength=len(wallet_id))
    share = np.zeros(len(wallet_id))
    share[np.searchsorted(wallet_id, direction.priced_wallet_id)] = direction.combined.sums(cells)
    return usd * share


def _amounts(
    direction: DirectionShares,
    totals: Totals,
    cells: NDArray[np.bool_],
    known_assets: NDArray[np.int32],
    of: tuple[int, int] | None = None,
) -> Iterator[tuple[int, float]]:
    """Rows of known assets without a value that have money in these cells, and how much in base units."""
    if of is None:
        rows = np.flatnonzero(totals.known(known_assets) & (totals.unpriced_transfers == totals.transfers))
    else:
        begin, end = np.searchsorted(totals.wallet_id, [of[0], of[0] + 1])
        rows = begin + np.flatnonzero(totals.asset_id[begin:end] == of[1])
    shares = direction.shares.take(rows).sums(cells)
    for row, share in zip(rows.tolist(), shares.tolist(), strict=True):
        if share > 0:
            text = totals.total.data[totals.total.begin[row] : totals.total.end[row]]
            yield row, share * float(text.tobytes().decode())
