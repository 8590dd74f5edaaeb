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

    @property
    def name(self) -> Name:
        """What tells it from others of its transaction."""
        return self.index, self.block_number, self.block_hash


def live_transfers(words: Iterable[Mined | Retraction]) -> set[Name]:
    """The transfers that live after these words; only retractions without a block depend on their order."""
    seen: list[Mined] = []
    named: list[Retraction] = []
    heard: set[Retraction] = set()
    withdrawn: dict[Name, tuple[datetime, bool]] = {}
    for word in words:
        if isinstance(word, Mined):
            seen.append(word)
            if word.name in withdrawn:
                at, _ = withdrawn[word.name]
                if word.observed_at is None or word.observed_at > at:
                    withdrawn[word.name] = at, False
        elif word.block_number is not None or word.block_hash is not None:
            named.append(word)
        else:
            if word in heard:  # what it took back before, and nothing else
                meant = {name for name, (at, _) in withdrawn.items() if at == word.observed_at}
            else:
                meant = _live(seen, named, withdrawn)
            heard.add(word)
            for name in meant:
                if word.transfer_index in (None, name[0]):
                    withdrawn[name] = word.observed_at, True
    return _live(seen, named, withdrawn)


def _live(
    seen: list[Mined], named: list[Retraction], withdrawn: dict[Name, tuple[datetime, bool]]
) -> set[Name]:
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
