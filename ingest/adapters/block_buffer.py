"""Items of a stream, kept by block until nothing more of it is to come. Pure: the clock is the caller's."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ingest.files.records import Record

SETTLE_SECONDS: Final = 3.0
"""A block of which nothing has come for so long is complete, once the partitions are read beyond it."""


class Source(NamedTuple):
    """A partition of one of the topics."""

    topic: str
    partition: int


class Item(NamedTuple):
    """One message of the stream: where it was, and its fields."""

    source: Source
    offset: int
    record: Record


@dataclass(slots=True)
class _Block:
    last_at: float
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class BlockBuffer:
    """The blocks that are not complete yet, and how far each partition is read.

    `known` are blocks that an earlier process had begun and not ended, `read_to` how far it had read: what
    it had read of other blocks is published, and is not taken again.
    """

    read_to: dict[Source, int] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    newest: dict[Source, int] = field(default_factory=dict)
    positions: dict[Source, int] = field(default_factory=dict)
    _blocks: dict[int, _Block] = field(default_factory=dict)
    size: int = 0

    def add(self, block: int, item: Item, now: float) -> None:
        """An item arrives."""
        self.newest[item.source] = max(block, self.newest.get(item.source, -1))
        self.positions[item.source] = item.offset + 1
        if item.offset < self.read_to.get(item.source, 0) and block not in self.known:
            return
        kept = self._blocks.setdefault(block, _Block(now))
        kept.last_at = now
        kept.items.append(item)
        self.size += 1

    def skip(self, source: Source, offset: int) -> None:
        """A message that is no item of a block is read."""
        self.positions[source] = offset + 1

    def complete(self, now: float, at_end: set[Source]) -> list[list[Item]]:
        """The items of blocks that are complete, in the order of blocks; they leave the buffer.

        `at_end` are the partitions that are read to their end.
        """
        # A partition that has not answered yet may hold anything: every partition has a position.
        behind = [self.newest.get(source, -1) for source in self.positions if source not in at_end]
        before = min(behind, default=None)
        ready = [
            number
            for number, block in self._blocks.items()
            if now - block.last_at >= SETTLE_SECONDS and (before is None or number < before)
        ]
        done = [self._blocks.pop(number).items for number in sorted(ready)]
        self.size -= sum(map(len, done))
        self.known.difference_update(ready)
        return done

    def unsettled(self) -> list[int]:
        """The blocks that are not complete."""
        return sorted(self._blocks.keys() | self.known)

    def restart_at(self) -> dict[Source, int]:
        """The first offset of each partition that a next process has to read."""
        first = dict(self.positions)
        for block in self._blocks.values():
            for item in block.items:
                first[item.source] = min(first[item.source], item.offset)
        return first
