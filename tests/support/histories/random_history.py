"""A random history: transactions mined in several blocks, retracted (or not: some are lost), and told again.

Transactions with block hashes are told in any order and partition, only what tells of one transfer of one
block stays in one; the others are told in order, in the partition of their asset.
"""

import random
from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain import Retraction, Transfer
from app.errors import InvalidEvent
from ingest.record.writer import DecodedMessage

START = datetime(2024, 1, 1, tzinfo=UTC)
ASSETS = ["ETH", "USDT", "USDC", "DAI", "WBTC", "LINK"]
PARTITIONS = 4
BUSY_WALLETS = 60
TRANSFERS_PER_WALLET = 20
"""A late transfer restates what its pools have later: with few wallets the work grows with the square."""
Event = Transfer | Retraction | InvalidEvent


def history(seed: int, events: int) -> Iterator[list[DecodedMessage]]:
    """Batches of messages; some batches come twice, as after a crash."""
    r = random.Random(seed)
    queues = _queues(r, events)
    position = [0] * PARTITIONS
    while any(position[p] < len(queues[p]) for p in range(PARTITIONS)):
        batch = []
        for p in r.sample(range(PARTITIONS), r.randrange(1, PARTITIONS + 1)):
            size = r.choice([1, 5, 40, 200])
            batch += queues[p][position[p] : position[p] + size]
            position[p] += size
        if batch:
            yield batch
            if r.random() < 0.05:
                yield batch


def partitions(seed: int, events: int) -> list[list[DecodedMessage]]:
    """The messages of each partition, in order."""
    return _queues(random.Random(seed), events)


def _queues(r: random.Random, events: int) -> list[list[DecodedMessage]]:
    queues: list[list[DecodedMessage]] = [[] for _ in range(PARTITIONS)]
    chosen: dict[Hashable, int] = {}
    for event in _events(r, events):
        partition = r.randrange(PARTITIONS)
        if isinstance(event, Transfer) and event.block_hash is not None:
            of_one = event.transaction_hash, event.transfer_index, event.block_hash
            partition = chosen.setdefault(of_one, partition)
        elif not isinstance(event, InvalidEvent) and event.block_hash is None:
            partition = ASSETS.index(event.asset) % PARTITIONS
        queue = queues[partition]
        queue.append(DecodedMessage("t", partition, len(queue), None, b"{}", event))
    return queues


def _events(r: random.Random, count: int) -> list[Event]:
    """Groups that keep their own order are merged at random into all the others, which are shuffled."""
    shuffled: list[Event] = []
    ordered: list[list[Event]] = []
    number = made = 0
    while made < count:
        number += 1
        told = list(_transaction(r, number, max(BUSY_WALLETS, count // TRANSFERS_PER_WALLET)))
        made += len(told)
        if any(isinstance(e, Transfer) and e.block_hash is not None for e in told):
            shuffled += told
        else:
            ordered.append(told)
    shuffled += [InvalidEvent("not_json", "The message is not JSON.") for _ in range(count // 100)]
    r.shuffle(shuffled)
    slots = [n for n, told in enumerate(ordered) for _ in told] + [-1] * len(shuffled)
    r.shuffle(slots)
    rests = {n: iter(told) for n, told in enumerate(ordered)} | {-1: iter(shuffled)}
    return [next(rests[slot]) for slot in slots]


def _transaction(r: random.Random, number: int, wallets: int) -> Iterator[Event]:
    """Everything that is told of one transaction, in the order in which it happened."""
    has_hashes, block = r.random() < 0.7, number // 2
    among = BUSY_WALLETS if r.random() < 0.1 else wallets
    moved = [
        (r.choice(ASSETS[:2] if r.random() < 0.5 else ASSETS), r.randrange(among), r.randrange(among))
        for _ in range(r.choice([1, 1, 2, 3]))
    ]
    clock = START + timedelta(seconds=number)
    for mined in range(r.choice([1, 1, 1, 2, 3])):
        block += mined * r.choice([0, 1]) if has_hashes else mined  # two blocks of one number have two hashes
        clock += timedelta(seconds=r.randrange(0, 3))
        first = r.randrange(4)  # indices change when a transaction is mined again
        transfers = [
            Transfer(
                chain="ethereum",
                transaction_hash=f"0x{number:064x}",
                transfer_index=first + index,
                block_number=block,
                transaction_index=number % 3,
                occurred_at=START + timedelta(seconds=block),
                sender=f"0x{sender + 1:040x}",
                receiver=f"0x{receiver + 1:040x}",
                asset=asset,
                amount=1 + (number * 7 + index) % 1_000,
                decimals=r.choice([None, 6, 18]) if mined else 18,
                usd_value=None,
                block_hash=f"0x{number * 10 + mined:064x}" if has_hashes else None,
                observed_at=clock if r.random() < 0.8 else None,
            )
            for index, (asset, sender, receiver) in enumerate(moved)
        ]
        yield from transfers
        for t in transfers:
            if r.random() < 0.2:  # again, by another producer
                yield replace(t, observed_at=clock + timedelta(seconds=r.randrange(-1, 3)))
            if r.random() < 0.05:  # a conflict
                yield replace(t, amount=t.amount + 1)
        if r.random() < 0.4:
            clock += timedelta(seconds=r.randrange(0, 2))
            yield from _retractions(r, transfers, clock)


def _retractions(r: random.Random, transfers: list[Transfer], clock: datetime) -> Iterator[Retraction]:
    """Takes the transfers back; half of the retractions are lost, and some come twice."""
    for t in {t.asset: t for t in transfers}.values():
        if r.random() < 0.5:
            continue
        gone = Retraction("ethereum", t.transaction_hash, t.asset, None, clock)
        if t.block_hash is not None:
            gone = replace(gone, block_hash=t.block_hash, block_number=r.choice([None, t.block_number]))
        elif r.random() < 0.3:
            gone = replace(gone, transfer_index=t.transfer_index)
        yield gone
        if r.random() < 0.3:
            yield gone
