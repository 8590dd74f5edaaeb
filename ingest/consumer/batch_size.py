"""How many messages are written together: so many that a batch takes the target time, or pays for itself."""

from dataclasses import dataclass
from typing import Final

MIN_BATCH_MESSAGES: Final = 50
"""A batch does not shrink below this: most of its time is then what every write costs."""
FIRST_BATCH_MESSAGES: Final = 1_000
"""Of the first batch, before any has been timed."""
MEMORY: Final = 0.8
"""Weight of what was known before, against a batch that has just been timed."""
MIN_SPREAD: Final = 0.02
"""Batches whose sizes differ by less of their mean do not tell a fixed cost from one per message."""


@dataclass(slots=True)
class _Line:
    """Least squares of seconds over messages, in which older batches weigh less."""

    weight: float = 0.0
    messages: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0
    products: float = 0.0

    def add(self, messages: int, seconds: float) -> None:
        self.weight = MEMORY * self.weight + 1
        self.messages = MEMORY * self.messages + messages
        self.seconds = MEMORY * self.seconds + seconds
        self.squares = MEMORY * self.squares + messages * messages
        self.products = MEMORY * self.products + messages * seconds

    def fixed_seconds(self) -> float | None:
        """What a batch of no messages would take; None while all batches had about one size."""
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
    """

    def __init__(self, *, target_seconds: float, max_messages: int) -> None:
        self._target = target_seconds
        self._max = max_messages
        self._line = _Line()
        self._fixed = 0.0
        self.messages = min(FIRST_BATCH_MESSAGES, max_messages)

    def observe(self, messages: int, seconds: float) -> None:
        """Learns from a batch of so many messages.

        A batch that was not full does not show how long a full one takes, so only a full one lets the size
        grow. One step at most doubles or halves it: a momentary stall is no measure of the speed.
        """
        seconds = max(seconds, 1e-6)
        self._line.add(messages, seconds)
        fixed = self._line.fixed_seconds()
        self._fixed = min(self._fixed if fixed is None else fixed, seconds)
        per_message = max((seconds - self._fixed) / messages, 1e-9)
        ideal = max(self._target - self._fixed, self._fixed) / per_message
        limit = self.messages if messages < self.messages else 2 * self.messages
        size = max(self.messages / 2, min(limit, ideal))
        self.messages = min(self._max, max(MIN_BATCH_MESSAGES, round(size)))
