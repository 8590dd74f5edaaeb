"""Checked events on disk, before the first of them is published."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import IO, Final, Self

import zstandard

from app.domain import Retraction, Transfer
from ingest.contract.transfer import encode

MAX_ASSETS: Final = 1_000
"""Assets whose amounts are added up; further ones are counted as one."""
_LEVEL: Final = 1
_BETWEEN: Final = b"\t"
"""Between key and event: neither holds it unescaped."""


@dataclass(slots=True)
class Totals:
    """What the events of an import add up to; amounts are in base units by `chain:asset`."""

    transfers: int = 0
    retractions: int = 0
    internal: int = 0
    first: datetime | None = None
    last: datetime | None = None
    amounts: dict[str, int] = field(default_factory=dict)
    transfers_of: Counter[str] = field(default_factory=Counter)
    other_assets: int = 0

    def add(self, event: Transfer | Retraction) -> None:
        """Counts one event."""
        if isinstance(event, Retraction):
            self.retractions += 1
            return
        self.transfers += 1
        self.internal += event.kind == "internal"
        moment = event.occurred_at
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)
        key = event.message_key
        if key in self.amounts or len(self.amounts) < MAX_ASSETS:
            self.amounts[key] = self.amounts.get(key, 0) + event.amount
            self.transfers_of[key] += 1
        else:
            self.other_assets += 1


class Spool:
    """A temporary file of encoded events with their keys; it vanishes when it is closed."""

    def __init__(self) -> None:
        self.totals = Totals()
        self._digest = sha256()
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="aml-import-")  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fill(self, events: Iterable[Transfer | Retraction]) -> None:
        """Writes all events, or raises what reading them raises."""
        with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(self._file, closefd=False) as packed:
            for event in events:
                self.totals.add(event)
                line = event.message_key.encode() + _BETWEEN + encode(event) + b"\n"
                self._digest.update(line)
                packed.write(line)

    @property
    def digest(self) -> str:
        """Of all events in their order: the same files have the same."""
        return self._digest.hexdigest()

    def messages(self) -> Iterator[tuple[bytes, str]]:
        """The events as messages: payload and key."""
        self._file.seek(0)
        with zstandard.ZstdDecompressor().stream_reader(self._file, closefd=False) as plain:
            rest = b""
            while chunk := plain.read(2**20):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    key, _, payload = line.partition(_BETWEEN)
                    yield payload, key.decode()
