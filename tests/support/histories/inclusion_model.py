"""Which transfers of one transaction and asset live, written from the rule of decision 0007 alone."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from app.domain import Retraction

NEVER_SEEN = datetime.min.replace(tzinfo=UTC)
Name = tuple[int, int, str | None]
"""(transfer_index, block_number, block_hash)."""


class Mined(NamedTuple):
    """One transfer as a message has it."""

    index: int
    block_number: int
    block_hash: str | None
    observed_at: datetime | None
    import_id: str | None = None

    @property
    def name(self) -> Name:
        """What tells it from others of its transaction."""
        return self.index, self.block_number, self.block_hash


class Taken(NamedTuple):
    """A retraction as a message has it, and the import that sent it."""

    retraction: Retraction
    import_id: str | None = None


class Undone(NamedTuple):
    """From here on nothing that the import said counts, nor what it will say."""

    import_id: str


Word = Mined | Taken | Undone


class _Group:
    """What has been said of one transaction and asset."""

    def __init__(self) -> None:
        self.seen: list[Mined] = []
        self.said: list[Taken] = []
        self.withdrawn: dict[Name, tuple[datetime, bool]] = {}
        self.undone: set[str | None] = set()

    def live(self) -> set[Name]:
        return _live(self.seen, {taken.retraction for taken in self.said}, self.withdrawn)

    def mine(self, word: Mined) -> None:
        self.seen.append(word)
        if word.name in self.withdrawn:
            at, _ = self.withdrawn[word.name]
            if word.observed_at is None or word.observed_at > at:
                self.withdrawn[word.name] = at, False

    def take(self, word: Taken) -> None:
        retraction = word.retraction
        if retraction.block_number is None and retraction.block_hash is None:
            if retraction in {taken.retraction for taken in self.said}:  # what it took back before
                meant = {name for name, (at, _) in self.withdrawn.items() if at == retraction.observed_at}
            else:
                meant = self.live()
            for name in meant:
                if retraction.transfer_index in (None, name[0]):
                    self.withdrawn[name] = retraction.observed_at, True
        self.said.append(word)

    def undo(self, import_id: str) -> None:
        """What it alone had mined is forgotten; what it alone took back without a block is given back."""
        self.undone.add(import_id)
        self.seen = [mined for mined in self.seen if mined.import_id != import_id]
        names = {mined.name for mined in self.seen}
        self.withdrawn = {name: at for name, at in self.withdrawn.items() if name in names}
        before = {taken.retraction for taken in self.said}
        self.said = [taken for taken in self.said if taken.import_id != import_id]
        for gone in before - {taken.retraction for taken in self.said}:
            if gone.block_number is None and gone.block_hash is None:
                self.withdrawn = {
                    name: at
                    for name, at in self.withdrawn.items()
                    if at != (gone.observed_at, True) or gone.transfer_index not in (None, name[0])
                }


def live_transfers(words: Iterable[Word]) -> set[Name]:
    """The transfers that live after these words; only retractions without a block depend on their order."""
    group = _Group()
    for word in words:
        if isinstance(word, Undone):
            group.undo(word.import_id)
        elif word.import_id not in group.undone:
            if isinstance(word, Mined):
                group.mine(word)
            else:
                group.take(word)
    return group.live()


def _live(
    seen: list[Mined], said: Iterable[Retraction], withdrawn: dict[Name, tuple[datetime, bool]]
) -> set[Name]:
    named = [r for r in said if r.block_number is not None or r.block_hash is not None]
    inclusions: dict[str | int, list[Mined]] = {}
    for transfer in seen:
        inclusions.setdefault(transfer.block_hash or transfer.block_number, []).append(transfer)
    best: tuple[tuple[datetime, int, str], set[Name]] | None = None
    for transfers in inclusions.values():
        latest = max(t.observed_at or NEVER_SEEN for t in transfers)
        number, block_hash = transfers[0].block_number, transfers[0].block_hash
        left = {t.name for t in transfers if not withdrawn.get(t.name, (None, False))[1]}
        if not left or any(_names(r, number, block_hash) and r.observed_at >= latest for r in named):
            continue
        rank = latest, number, block_hash or ""
        if best is None or rank > best[0]:
            best = rank, left
    return set() if best is None else best[1]


def _names(retraction: Retraction, number: int, block_hash: str | None) -> bool:
    if retraction.block_hash is None or block_hash is None:
        return retraction.block_number == number
    return retraction.block_hash == block_hash
