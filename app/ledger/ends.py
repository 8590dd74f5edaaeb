"""The transfers of a pass as seen from their two ends, in the order of one direction."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.ledger.cells import SOURCE
from app.ledger.kernels import Flows, Pools


class Ends(NamedTuple):
    """Of each transfer the wallet, pool and labelled cell (at hop 0, or -1) at both ends, and its figures.

    `place` rises in the order of the direction's pass.
    """

    place: NDArray[np.int64]
    giver: NDArray[np.int64]
    giver_pool: NDArray[np.int64]
    giver_cell: NDArray[np.int16]
    taker: NDArray[np.int64]
    taker_pool: NDArray[np.int64]
    taker_cell: NDArray[np.int16]
    amount: NDArray[np.float64]
    send_share: NDArray[np.float64]
    kept: NDArray[np.float64]
    unobserved: NDArray[np.float64]
    usd: NDArray[np.float64]


def ends_of(flows: Flows, pools: Pools, direction: int, begin: int = 0, end: int | None = None) -> Ends:
    """The transfers from `begin` up to `end`.

    Raises:
        ValueError: a step without a hop; those belong to one scan with their wallet, which is not made yet.
    """
    rows = slice(begin, end)
    if (flows.hops[rows] != 1).any():
        raise ValueError("Steps without a hop cannot be traced hop by hop.")
    sides = []
    for pool, shift in (
        (flows.sender_pool[rows], flows.sender_shift[rows]),
        (flows.receiver_pool[rows], flows.receiver_shift[rows]),
    ):
        own = pools.own_cell[pool]
        cell = np.where(own >= 0, own + shift, -1).astype(np.int16)
        sides.append((pools.wallet[pool].astype(np.int64), pool.astype(np.int64), cell))
    sender, receiver = sides
    giver, taker = (sender, receiver) if direction == SOURCE else (receiver, sender)
    place = np.arange(begin, begin + len(flows.amount[rows]))
    return Ends(
        place if direction == SOURCE else -place,
        *giver,
        *taker,
        flows.amount[rows],
        flows.send_share[rows],
        flows.kept[rows],
        flows.unobserved[rows],
        flows.usd[rows],
    )
