"""Walks are counted as if each were walked."""

import random
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from app.ledger.walks import Steps, count_walks


class Moved(NamedTuple):
    """A transfer: its wallets, and the pools and epochs that it leaves and enters."""

    sender: int
    receiver: int
    leaves: tuple[int, int]
    enters: tuple[int, int]


def random_ledger(chance: random.Random) -> tuple[list[Moved], set[int]]:
    """Transfers in ledger order between a few wallets with two assets, and the labelled wallets."""
    wallets = range(chance.randrange(2, 7))
    epochs: dict[tuple[int, int], int] = {}
    moved = []
    for _ in range(chance.randrange(25)):
        sender, receiver = chance.sample(wallets, 2)
        asset = chance.randrange(2)
        leaves, enters = sender * 2 + asset, receiver * 2 + asset
        moved.append(
            Moved(
                sender, receiver, (leaves, epochs.get((leaves, 0), 0)), (enters, epochs.get((enters, 0), 0))
            )
        )
        if chance.random() < 0.2:
            epochs[leaves, 0] = epochs.get((leaves, 0), 0) + 1
    return moved, {wallet for wallet in wallets if chance.random() < 0.3}


def walked(
    ledger: list[Moved], labelled: set[int], hop_limit: int, *, backwards: bool
) -> Iterator[tuple[int, int]]:
    """Every walk by brute force: its transfers, and the transfers a query looks at to go on from its end."""

    def go(at: int, hops: int) -> Iterator[tuple[int, int]]:
        end = ledger[at].sender if backwards else ledger[at].receiver
        if end in labelled:
            yield hops, 0
            return
        looked_at = [
            n for n, moved in enumerate(ledger) if end == (moved.receiver if backwards else moved.sender)
        ]
        yield hops, len(looked_at)
        if hops == hop_limit:
            return
        for n in looked_at:
            earlier, later = (n, at) if backwards else (at, n)
            if earlier < later and ledger[earlier].enters == ledger[later].leaves:
                yield from go(n, hops + 1)

    for start in range(len(ledger)):
        yield from go(start, 1)


def steps_of(ledger: list[Moved], labelled: set[int]) -> Steps:
    def column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(values, np.int64)

    return Steps(
        sender_wallet=column([moved.sender for moved in ledger]),
        receiver_wallet=column([moved.receiver for moved in ledger]),
        sender_pool=column([moved.leaves[0] << 28 | moved.leaves[1] for moved in ledger]),
        receiver_pool=column([moved.enters[0] << 28 | moved.enters[1] for moved in ledger]),
        labelled=column(sorted(labelled)),
    )


@pytest.mark.parametrize("hop_limit", [1, 2, 3, 4, 6])
def test_counts_equal_walking(hop_limit: int) -> None:
    longest = 0
    for seed in range(60):
        ledger, labelled = random_ledger(random.Random(seed))
        back = list(walked(ledger, labelled, hop_limit, backwards=True))
        ahead = list(walked(ledger, labelled, hop_limit, backwards=False))
        counted = count_walks(steps_of(ledger, labelled), hop_limit)
        assert counted.walks == len(back) == len(ahead)
        assert counted.looked_at == sum(looks for _, looks in back) + sum(looks for _, looks in ahead)
        longest = max([longest, *(hops for hops, _ in back)])
    assert longest == hop_limit


def test_a_ledger_without_transfers_has_no_walks() -> None:
    assert count_walks(steps_of([], set()), 4) == (0.0, 0.0)


def test_numbers_too_large_to_count_are_large() -> None:
    wallets = 3
    ledger = [
        Moved(n % wallets, (n + 1) % wallets, (n % wallets, 0), ((n + 1) % wallets, 0)) for n in range(900)
    ]
    assert count_walks(steps_of(ledger, set()), 300).walks > 1e60
