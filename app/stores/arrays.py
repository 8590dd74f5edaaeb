"""Arrays as one text parameter: PostgreSQL parses `'{1,2}' ::bigint[]` much faster than `ARRAY[1, 2]`."""

from collections.abc import Iterable


def array_of_integers(values: Iterable[int]) -> str:
    """The text of an array of integers."""
    return "{" + ",".join(map(str, values)) + "}"


def array_of_texts(values: Iterable[str]) -> str:
    """The text of an array of texts, whatever they hold."""
    return "{" + ",".join(map(_quoted, values)) + "}"


def _quoted(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
