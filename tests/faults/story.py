"""A small story in the worst order: late and repeated transfers, retractions, returns, wrong clocks."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from app.domain import Transfer
from tests.support.builders import Event as RecordedEvent
from tests.support.builders import retraction, story

TRANSFERS, RETRACTED, REPEATED = 600, 150, 80
WRONG_CLOCKS = {3: -3_000, 7: 20_000}
"""Days by the last digit of the block: 2 of 10 transfers happen years before or after the others."""
POISON = [b"{", b"[]", b'{"schema_version":2}', b"NaN"]
OBSERVED = datetime(2026, 1, 1, tzinfo=UTC)
Event = RecordedEvent | bytes


@dataclass(frozen=True)
class Tale:
    """The same events twice: as they arrive, and as they would have settled, each once and in order."""

    arriving: list[Event]
    settled: list[RecordedEvent]
    refused: int

    def parts(self, number: int) -> list[list[Event]]:
        """What arrives, cut into so many parts."""
        size = -(-len(self.arriving) // number)
        return [self.arriving[start : start + size] for start in range(0, len(self.arriving), size)]


def tell(seed: int) -> Tale:
    """A tale by seed. What concerns one transfer keeps its order; everything else is shuffled."""
    rng = Random(seed)
    transfers = [_spread(t) for t in story(seed).transfers[:TRANSFERS]]
    arriving: list[tuple[float, Event]] = [(rng.random(), payload) for payload in POISON]
    after: list[RecordedEvent] = []
    retracted = set(rng.sample(range(TRANSFERS), RETRACTED))
    for number, transfer in enumerate(transfers):
        history = _history(transfer, number, rng) if number in retracted else [transfer]
        places = sorted(rng.random() for _ in history)
        arriving += zip(places, history, strict=True)
        after += history[1:]
    settled_once = [t for number, t in enumerate(transfers) if number not in retracted]
    arriving += [(rng.random(), t) for t in rng.sample(settled_once, REPEATED)]
    arriving.sort(key=lambda item: item[0])
    in_order = sorted(transfers, key=lambda t: (t.chain, t.seq, t.transaction_hash))
    return Tale([event for _, event in arriving], [*in_order, *after], len(POISON))


def _spread(transfer: Transfer) -> Transfer:
    """Over more assets than the simulator has, and so over all partitions; some with a clock years off."""
    off = timedelta(days=WRONG_CLOCKS.get(transfer.block_number % 10, 0))
    asset = f"{transfer.asset[-8:]}.{transfer.block_number % 6}"
    return replace(transfer, asset=asset, occurred_at=transfer.occurred_at + off)


def _history(transfer: Transfer, number: int, rng: Random) -> list[RecordedEvent]:
    """Taken back; or taken back and there again, as it was or one block later."""
    taken_back = retraction(transfer, observed_at=OBSERVED + timedelta(seconds=number))
    moved = replace(transfer, block_number=transfer.block_number + 1)
    return [transfer, taken_back, *rng.choice([[], [transfer], [moved]])]
