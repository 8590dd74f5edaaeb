"""Addresses in free text, as sanctions lists write them: between words, over two lines, in other letters."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from app.chains.addresses import MAX_LABELLED_LENGTH, normalise_address
from app.errors import InvalidEvent
from app.labels.readers.currencies import ANY_FORM, chains_of

SHORTEST: Final = 25
"""Characters of a word that may be an address: shorter words with digits are in every text."""
_LOOKALIKES: Final = str.maketrans({
    "\u0410": "A", "\u0412": "B", "\u0421": "C", "\u0415": "E", "\u041d": "H", "\u0406": "I",
    "\u0408": "J", "\u041a": "K", "\u041c": "M", "\u041e": "O", "\u0420": "P", "\u0405": "S",
    "\u0422": "T", "\u0425": "X", "\u0430": "a", "\u0435": "e", "\u0456": "i", "\u0458": "j",
    "\u043e": "o", "\u0440": "p", "\u0441": "c", "\u0443": "y", "\u0445": "x", "\u0455": "s",
})  # fmt: skip
"""Cyrillic letters that look like Latin ones; a right checksum then proves which were meant."""
_word = re.compile(r"(?:bitcoincash:)?[^\W_]+")
_hint = re.compile(r"([A-Za-z0-9]{2,12})\s*(?:\([^)]*\)\s*)?[:\-\u2013\u2014]\s*$")
_break = re.compile(r"[ \t]*\r?\n[ \t]*").fullmatch


class FoundAddress(NamedTuple):
    """An address in a text: lines after its first, chain and stored form or None, and how it is written."""

    line: int
    wallet: tuple[str, str] | None
    text: str


def addresses_in(text: str) -> Iterator[FoundAddress]:
    """The addresses of a text, and the words that look like one and are none.

    A currency before a colon (`BSC: 0x…`) is that of the addresses up to the next one. A word that is none
    alone may be one with the word on the next line.
    """
    hint: tuple[str, ...] = ()
    words = list(_word.finditer(text))
    number = 0
    while number < len(words):
        word = words[number]
        if match := _hint.search(text, max(0, word.start() - 40), word.start()):
            hint = chains_of(match[1]) or hint
        wallet, used = _wallet(word[0], hint), 1
        if wallet is None and number + 1 < len(words):
            after = words[number + 1]
            if _break(text, word.end(), after.start()) and _may_be_one(joined := word[0] + after[0]):
                wallet = _wallet(joined, hint)
                used = 2 if wallet else 1
        line = text.count("\n", 0, word.start())
        written = text[word.start() : words[number + used - 1].end()]
        if wallet is not None or (_may_be_one(word[0]) and not _is_in_url(text, word.start())):
            yield FoundAddress(line, wallet, written)
        number += used


def _wallet(word: str, hint: tuple[str, ...]) -> tuple[str, str] | None:
    if not _may_be_one(word):
        return None
    for spelling in dict.fromkeys((word, word.translate(_LOOKALIKES))):
        for chain in (*hint, *ANY_FORM):
            try:
                return chain, normalise_address(chain, spelling)
            except InvalidEvent:
                continue
    return None


def _may_be_one(word: str) -> bool:
    return (
        SHORTEST <= len(word) <= MAX_LABELLED_LENGTH
        and any(map(str.isdigit, word))
        and any(map(str.isalpha, word))
    )


def _is_in_url(text: str, start: int) -> bool:
    return start > 0 and text[start - 1] in "/=?&@"
