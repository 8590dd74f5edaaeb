"""What became of every acknowledged message, and which holes are wrong or untold. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

MADE_ANEW: Final = "topic_made_anew"
RETENTION: Final = "retention"


class Acknowledged(NamedTuple):
    """A message that Kafka has taken, and where it is.

    `key` is its transaction hash, or the text of one that breaks the contract, whose `amount` is None.
    `topic_ids` are two where the topic was made anew while it was sent. `is_first` unless it was tried
    before.
    """

    key: str
    amount: int | None
    topic_ids: tuple[str, ...]
    partition: int
    offset: int
    is_first: bool


class Series(NamedTuple):
    """A series of offsets in the record, and the topic that they are of."""

    partition: int
    series: int
    topic_id: str | None


class Hole(NamedTuple):
    """A hole that the record tells; `to_offset` is None where nobody can say."""

    partition: int
    series: int
    reason: str
    from_offset: int
    to_offset: int | None


@dataclass
class Made:
    """What the campaign has done to the topic: its ids in their order, and where messages were deleted to.

    `emptied` has the first offset that is left, by topic and partition; `emptying` the topics of which
    messages were deleted, whatever Kafka has answered.
    """

    topic_ids: list[str] = field(default_factory=list)
    emptied: dict[tuple[str, int], int] = field(default_factory=dict)
    emptying: set[str] = field(default_factory=set)

    def saw(self, topic_id: str | None) -> None:
        """The topic that is there now; None where none is."""
        if topic_id is not None and topic_id not in self.topic_ids:
            self.topic_ids.append(topic_id)

    def follow(self, topic_id: str | None, later: str | None) -> bool:
        """Whether both were there, the second one later."""
        ids = self.topic_ids
        return topic_id in ids and later in ids and ids.index(topic_id or "") < ids.index(later or "")

    def emptied_to(self, topic_id: str, partition: int, offset: int) -> None:
        """Messages before this offset were deleted."""
        place = topic_id, partition
        self.emptied[place] = max(offset, self.emptied.get(place, 0))


@dataclass(frozen=True)
class Content:
    """What the record holds: amounts by transaction hash, dead letters by place, series and holes."""

    amounts: Mapping[str, int]
    dead: frozenset[tuple[int, int, int]]
    series: tuple[Series, ...]
    holes: tuple[Hole, ...]

    def topic_of(self, partition: int, series: int) -> str | None:
        """The topic of a series."""
        found = (s.topic_id for s in self.series if (s.partition, s.series) == (partition, series))
        return next(found, None)


@dataclass(frozen=True)
class Account:
    """Keys of what is neither recorded nor told, of what differs, and how many a told hole holds."""

    lost: tuple[str, ...]
    differing: tuple[str, ...]
    in_holes: int


def account(messages: Iterable[Acknowledged], content: Content, made: Made) -> Account:
    """What became of the messages."""
    lost, differing, in_holes = [], [], 0
    for message in messages:
        if message.amount is None:
            is_there = _is_dead_letter(message, content)
        else:
            is_there = message.key in content.amounts
            if is_there and content.amounts[message.key] != message.amount:
                differing.append(message.key)
        if not is_there:
            if any(_holds(hole, message, content, made) for hole in content.holes):
                in_holes += 1
            else:
                lost.append(message.key)
    return Account(tuple(lost), tuple(differing), in_holes)


def wrong_holes(messages: Iterable[Acknowledged], content: Content, made: Made) -> list[str]:
    """Sentences about holes that nobody has made, that are told twice, or that hold what is recorded."""
    wrong = [f"nobody made {hole}" for hole in content.holes if not _is_made(hole, content, made)]
    told = [(h.partition, h.series, h.reason, h.reason == MADE_ANEW or h.from_offset) for h in content.holes]
    wrong += [f"told {times} times: {hole}" for hole, times in Counter(told).items() if times > 1]
    recorded = [each for each in messages if each.is_first and each.key in content.amounts]
    wrong += [
        f"{hole} holds {message.key}, which is recorded"
        for hole in content.holes
        if hole.reason == RETENTION
        for message in recorded
        if _holds(hole, message, content, made)
    ]
    return wrong


def _is_made(hole: Hole, content: Content, made: Made) -> bool:
    topic = content.topic_of(hole.partition, hole.series)
    if hole.reason == MADE_ANEW:
        return made.follow(topic, content.topic_of(hole.partition, hole.series + 1))
    deleted_to = made.emptied.get((topic or "", hole.partition), 0)
    return hole.reason == RETENTION and hole.to_offset is not None and hole.to_offset <= deleted_to


def untold_holes(content: Content, made: Made) -> list[str]:
    """Sentences about topics made anew that no hole tells."""
    return list(_untold(content, made))


def _untold(content: Content, made: Made) -> Iterator[str]:
    told = {(hole.partition, hole.series) for hole in content.holes if hole.reason == MADE_ANEW}
    ordered = sorted(content.series)
    for one, after in pairwise(ordered):
        is_followed = one.partition == after.partition
        if is_followed and one.topic_id != after.topic_id and (one.partition, one.series) not in told:
            yield f"partition {one.partition}: no hole between {one} and {after}"
        if not is_followed and made.topic_ids and one.topic_id != made.topic_ids[-1]:
            yield f"partition {one.partition}: the record still reads another topic than Kafka has"


def _is_dead_letter(message: Acknowledged, content: Content) -> bool:
    return any(
        (each.partition, each.series, message.offset) in content.dead
        for each in content.series
        if each.partition == message.partition and each.topic_id in message.topic_ids
    )


def _holds(hole: Hole, message: Acknowledged, content: Content, made: Made) -> bool:
    if hole.partition != message.partition:
        return False
    topic = content.topic_of(hole.partition, hole.series)
    if topic in message.topic_ids and message.offset >= hole.from_offset:
        return hole.to_offset is None or message.offset < hole.to_offset
    if hole.reason != MADE_ANEW:
        return False
    # The record has never seen a topic that was there between the two.
    following = content.topic_of(hole.partition, hole.series + 1)
    return any(made.follow(topic, each) and made.follow(each, following) for each in message.topic_ids)
