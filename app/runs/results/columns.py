"""Columns of numbers as text: the parts of which lines of results are made, without an object a value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import orjson
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
_COMMA = ord(",")


@dataclass(frozen=True)
class TextColumn:
    """One text a row: the bytes of `data` from `begin` up to `end`."""

    data: Bytes
    begin: Places
    end: Places

    def __len__(self) -> int:
        return len(self.begin)

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """These rows, in this order."""
        return type(self)(self.data, self.begin[rows], self.end[rows])

    def repeated(self, count: int) -> Self:
        """The first row so many times."""
        return self.take(np.zeros(count, np.int64))

    def replaced(self, rows: NDArray[np.bool_], by: str) -> Self:
        """With this text in the marked rows."""
        other = np.frombuffer(by.encode(), np.uint8)
        begin = np.where(rows, len(self.data), self.begin)
        end = np.where(rows, len(self.data) + len(other), self.end)
        return type(self)(np.concatenate([self.data, other]), begin, end)

    def joined(self, starts: Places) -> Self:
        """Row i has the texts from `starts[i]` up to `starts[i + 1]`, with the commas between them.

        For columns of `numbers` as they are, whose texts stand one behind the other.
        """
        begin = np.append(self.begin, len(self.data))[starts[:-1]]
        end = np.append(self.end, 0)[starts[1:] - 1]
        return type(self)(self.data, begin, np.where(starts[1:] > starts[:-1], end, begin))


def text_column(texts: Sequence[str]) -> TextColumn:
    """A column of these texts."""
    encoded = [one.encode() for one in texts]
    end = np.cumsum([len(one) for one in encoded], dtype=np.int64)
    begin = np.zeros(len(encoded), np.int64)
    begin[1:] = end[:-1]
    return TextColumn(np.frombuffer(b"".join(encoded), np.uint8), begin, end)


def numbers(values: NDArray[Any]) -> TextColumn:
    """Whole numbers in digits, or doubles as `repr` writes them: the shortest text that gives them again."""
    if not len(values):
        return text_column([])
    written = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    data = np.frombuffer(written, np.uint8)[1:-1]  # without the brackets of the array
    if values.dtype.kind == "f":
        from app.ledger.line_kernels import exponents_as_repr  # noqa: PLC0415 - loads a compiler

        rewritten = np.empty(len(data) + 4 * len(values), np.uint8)
        data = rewritten[: exponents_as_repr(data, rewritten)]
    commas = np.flatnonzero(data == _COMMA)
    return TextColumn(data, np.append(0, commas + 1), np.append(commas, len(data)))
