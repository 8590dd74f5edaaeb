"""What the board sorts and filters by, of every wallet: made of a run's results, and no part of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.labels.columns import LabelColumns
from app.ledger.cells import RESIDUALS, CellLayout, decode_all
from app.ledger.shares import DirectionShares, Exposures
from app.policy.columns import column_of
from app.policy.policy import Policy
from app.runs.judgement.score import Scores
from app.runs.results.accounts import Accounts

FIRST_FLAG = 1_000
"""Facets below are places in the policy's categories, from here on those in its `flags`."""
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class BoardColumns:
    """One place of each array a wallet.

    `categories` is n x categories of the policy: whether the wallet's label or any of its money, in either
    direction and any asset, is of that category. `crime_cents` is what money from crime and money to crime
    was worth, in US cents, in known assets by firm labels. `first_seen` and `last_seen` are the times of its
    transfers with flow, in seconds since 1970; -1 where it has none.
    """

    categories: NDArray[np.bool_]
    crime_cents: NDArray[np.int64]
    first_seen: NDArray[np.int64]
    last_seen: NDArray[np.int64]


def board_columns(
    policy: Policy, scores: Scores, exposures: Exposures, accounts: Accounts, labels: LabelColumns
) -> BoardColumns:
    """The columns of these wallets, in the order of `scores`."""
    wallet_id, names = scores.wallet_id, list(policy.categories)
    of_column = [names.index(column_of(name).category) for name in labels.layout.categories]
    categories = np.zeros((len(wallet_id), len(names)), np.bool_)
    ids = np.fromiter(labels.by_wallet, np.int64)
    place = np.minimum(np.searchsorted(wallet_id, ids), max(len(wallet_id) - 1, 0))
    is_known = wallet_id[place] == ids if len(wallet_id) else np.zeros(len(ids), np.bool_)
    own = np.array([of_column[one.column] for one in labels.by_wallet.values()], np.int64)
    categories[place[is_known], own[is_known]] = True
    crime_usd = np.zeros(len(wallet_id))
    for direction, side in ((1, exposures.source), (2, exposures.destination)):
        category, is_crime = _of_cells(policy, exposures.layout, direction)
        _mark(categories, np.searchsorted(wallet_id, side.wallet_id), category, side)
        priced = np.searchsorted(wallet_id, side.priced_wallet_id)
        crime_usd[priced] += side.combined.sums(is_crime) * scores.usd[priced, direction - 1]
    first, last = _seen(wallet_id, accounts)
    return BoardColumns(categories, _cents(crime_usd), first, last)


def _of_cells(
    policy: Policy, layout: CellLayout, direction: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of each cell of a row its category, -1 for residuals, and whether a firm label says crime there."""
    names = list(policy.categories)
    category, is_crime = [], []
    for column in decode_all(layout.codes(direction)).column.tolist():
        if column < len(RESIDUALS):
            category.append(-1)
            is_crime.append(False)
            continue
        of_column = column_of(layout.columns[column])
        category.append(names.index(of_column.category))
        is_crime.append(of_column.firm and of_column.category in policy.crimes)
    return np.array(category, np.int64), np.array(is_crime, np.bool_)


def _mark(
    categories: NDArray[np.bool_],
    owner: NDArray[np.int64],
    category: NDArray[np.int64],
    side: DirectionShares,
) -> None:
    of_share = category[side.shares.cell]
    counted = np.flatnonzero((of_share >= 0) & (side.shares.share > 0))
    row = np.searchsorted(side.shares.starts, counted, side="right") - 1
    categories[owner[row], of_share[counted]] = True


def _seen(wallet_id: NDArray[np.int64], accounts: Accounts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    never = np.iinfo(np.int64).max
    first, last = np.full(len(wallet_id), never), np.full(len(wallet_id), -1, np.int64)
    seconds = accounts.occurred_at // _MICROSECONDS
    owner = np.searchsorted(wallet_id, accounts.wallet_id)
    for pool in (accounts.flows.sender_pool, accounts.flows.receiver_pool):
        np.minimum.at(first, owner[pool], seconds)
        np.maximum.at(last, owner[pool], seconds)
    first[first == never] = -1
    return first, last


def _cents(usd: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole US cents, half up; what is more than the column holds is its largest value."""
    return np.minimum(np.floor(usd * 100 + 0.5), _MOST_CENTS).astype(np.int64)


_MOST_CENTS = float(1 << 62)
