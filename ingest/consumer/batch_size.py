"""How many messages are written together: so many that a batch takes the target time, or pays for itself."""

from dataclasses import dataclass
from typing import Final

MIN_BATCH_MESSAGES: Final = 50
"""A batch does not shrink below this: most of its time is then what every write costs."""
FIRST_BATCH_MESSAGES: Final = 1_000
"""Of the first batch, before any has been timed."""
MEMORY: Final = 0.8
"""Weight of what was known before, against a batch that has just been timed."""
RESTATING: Final = 10
"""A batch that restates so many other transfers for each of its messages takes the time of those."""
MORE_WHILE_RESTATING: Final = 8
"""So many times as large as others a batch may be then."""
MIN_SPREAD: Final = 0.02
"""Batches whose sizes differ by less of their mean do not tell a fixed cost from one per message."""


@dataclass(slots=True)
class _Line:
    """Least squares of seconds over messages, in which older batches weigh less.

    `fixed` is what a batch of no messages would take, as far as it is known.
    """

    weight: float = 0.0
    messages: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0
    products: float = 0.0
    fixed: float = 0.0

    def add(self, messages: int, seconds: float) -> None:
        self.weight = MEMORY * self.weight + 1
        self.messages = MEMORY * self.messages + messages
        self.seconds = MEMORY * self.seconds + seconds
        self.squares = MEMORY * self.squares + messages * messages
        self.products = MEMORY * self.products + messages * seconds
        known = self._fixed()
        self.fixed = min(self.fixed if known is None else known, seconds)

    def _fixed(self) -> float | None:
        """None while all batches had about one size."""
        mean, mean_seconds = self.messages / self.weight, self.seconds / self.weight
        variance = self.squares / self.weight - mean * mean
        if variance <= (MIN_SPREAD * mean) ** 2:
            return None
        slope = max(0.0, (self.products / self.weight - mean * mean_seconds) / variance)
        return max(0.0, mean_seconds - slope * mean)


class BatchSize:
    """The size of the next batch.

    A batch costs something fixed and something for each message. The size aims at the target time. Where the
    fixed cost alone takes half of that or more, smaller batches would cost more and hardly come sooner: the
    size does not fall below that at which the messages take as long as the fixed cost.

    Late transfers restate what comes behind them, which takes as long for one as for many of a pool: a fixed
    cost that other batches do not have. While such batches come, the size may grow above the bound of the
    others, so that a historic import takes few of them.
    """

    def __init__(self, *, target_seconds: float, max_messages: int) -> None:
        self._target = target_seconds
        self._max = max_messages
        self._line = _Line()
        self._restating = _Line()
        self.messages = min(FIRST_BATCH_MESSAGES, max_messages)

    def observe(self, messages: int, seconds: float, restated: int = 0) -> None:
        """Learns from a batch of so many messages, which restated so many other transfers.

        A batch that was not full does not show how long a full one takes, so only a full one lets the size
        grow. One step at most doubles or halves it: a momentary stall is no measure of the speed.
        """
        seconds = max(seconds, 1e-6)
        is_restating = restated >= RESTATING * messages
        line = self._restating if is_restating else self._line
        line.add(messages, seconds)
        per_message = max((seconds - line.fixed) / messages, 1e-9)
        ideal = max(self._target - line.fixed, line.fixed) / per_message
        limit = self.messages if messages < self.messages else 2 * self.messages
        size = max(self.messages / 2, min(limit, ideal))
        most = self._max * MORE_WHILE_RESTATING if is_restating else self._max
        self.messages = min(most, max(MIN_BATCH_MESSAGES, round(size)))
