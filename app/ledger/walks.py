"""How many walks path queries would take through a ledger: counted without walking any.

A walk is one transfer or several in ledger order, each out of the pool and epoch that the one before it paid
into; only its two ends may be labelled wallets. Every walk is a path of both directions: from its last
receiver backwards, and from its first sender forwards.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.ledger.kernels import compiled

Column = NDArray[np.int64]


class Steps(NamedTuple):
    """Transfers with flow in ledger order: wallets by id, pools by what identifies pool and epoch.

    `labelled` has the ids of wallets at which tracing stops.
    """

    sender_wallet: Column
    receiver_wallet: Column
    sender_pool: Column
    receiver_pool: Column
    labelled: Column


class Way(NamedTuple):
    """The steps in one direction: each leads from the pool `near` to the pool `far`, by number.

    `before` and `beyond` count the transfers that a query looks at to go on at either end of a step, -1 where
    tracing stops.
    """

    near: Column
    far: Column
    before: Column
    beyond: Column


class Walks(NamedTuple):
    """Doubles, so that no number is too large.

    `walks` is the number in one direction, the same in both. `looked_at` is of both directions: for each walk
    the transfers of the wallet at its end, which a query looks at to find those that go on.
    """

    walks: float
    looked_at: float


def count_walks(steps: Steps, hop_limit: int) -> Walks:
    """The walks of up to `hop_limit` transfers."""
    transfers = len(steps.sender_pool)
    pools = np.concatenate((steps.sender_pool, steps.receiver_pool))
    _, pool = np.unique(pools, return_inverse=True)
    received = _counts(steps.receiver_wallet, steps.sender_wallet, steps.labelled)
    sent = _counts(steps.sender_wallet, steps.receiver_wallet, steps.labelled)
    forwards = Way(pool[:transfers], pool[transfers:], received, sent)
    backwards = Way(*(np.ascontiguousarray(forwards[n][::-1]) for n in (1, 0, 3, 2)))
    ends = np.zeros((len(pools), hop_limit))
    ahead, back = np.zeros(2), np.zeros(2)
    add_walks(forwards, ends, ahead)
    ends[:] = 0.0
    add_walks(backwards, ends, back)
    return Walks(float(ahead[0]), float(ahead[1] + back[1]))


def _counts(counted: Column, of: Column, labelled: Column) -> Column:
    """How often each wallet of one column is in another; -1 for labelled wallets."""
    ids, transfers = np.unique(counted, return_counts=True)
    if not len(ids):
        return np.full(len(of), -1)
    place = np.minimum(np.searchsorted(ids, of), len(ids) - 1)
    return np.where(np.isin(of, labelled), -1, np.where(ids[place] == of, transfers[place], 0))


@compiled
def add_walks(way: Way, ends: NDArray[np.float64], walks: NDArray[np.float64]) -> None:
    """Adds the walks that end with each step to `walks[0]`, and what is looked at beyond them to `walks[1]`.

    `ends` (pools x hops) is zero before.
    """
    for t in range(len(way.near)):
        near, far = way.near[t], way.far[t]
        ending = 1.0
        ends[far, 0] += 1.0
        if way.before[t] >= 0:
            for hop in range(1, ends.shape[1]):
                longer = ends[near, hop - 1]
                ends[far, hop] += longer
                ending += longer
        walks[0] += ending
        if way.beyond[t] > 0:
            walks[1] += ending * way.beyond[t]
