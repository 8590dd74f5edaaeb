"""Words of a filter: one that names nothing is refused, as an empty list would say that all is well."""

from collections.abc import Iterable

from app.errors import InvalidInput


def known_word(word: str | None, known: Iterable[str], *, name: str, what: str) -> str | None:
    """The word, of a filter `name`, that is one of those that are known; None stays None.

    Raises:
        InvalidInput: it is none of them.
    """
    if word is not None and word not in (words := list(known)):
        raise InvalidInput(f"There is no {what} {word[:60]!a}. Known are: {', '.join(words)}.", name=name)
    return word


def refuse_unknown(word: str | None, known: Iterable[str], *, name: str, what: str, found: object) -> None:
    """Refuses a word that the policy does not have, unless the filters found something that was recorded.

    A word of an earlier policy finds what was recorded with it.

    Raises:
        InvalidInput: nothing was found, and the policy does not have the word.
    """
    if not found:
        known_word(word, known, name=name, what=what)
