"""Which blocks an export holds as a whole: what it does not hold of them is gone from the chain."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.files.forms import Form
from ingest.files.records import Record
from ingest.files.spelling import integer

MAX_PLACE = 2**16


@dataclass(slots=True)
class BlockCoverage:
    """The blocks of an export of one chain, by the places of their transactions.

    A block is whole when its transactions have the places 0 to the last without a gap, and are as many as its
    own line says where the export has blocks. Without such a line one gap anywhere says that the export is an
    extract, and no block of it is whole. Tokens and calls are those of the blocks between the first and the
    last block that has one.
    """

    _places: dict[int, int] = field(default_factory=dict)
    _counts: dict[int, int] = field(default_factory=dict)
    tokens: tuple[int, int] | None = None
    calls: tuple[int, int] | None = None

    def learn(self, form: Form | None, record: Record) -> None:
        """Keeps how many transactions a block has, from its own line."""
        if form is Form.etl_blocks:
            number, count = integer(record.get("number")), integer(record.get("transaction_count"))
            if type(number) is int and type(count) is int:
                self._counts[number] = count

    def add(self, form: Form | None, record: Record) -> None:
        """A record of a file that is imported."""
        block = integer(record.get("block_number"))
        if type(block) is not int:
            return
        if form is Form.etl_transactions:
            place = integer(record.get("transaction_index"))
            if type(place) is int and 0 <= place < MAX_PLACE:
                self._places[block] = self._places.get(block, 0) | 1 << place
        elif form is Form.etl_token_transfers:
            self.tokens = _widened(self.tokens, block)
        elif form is Form.etl_traces:
            self.calls = _widened(self.calls, block)

    def whole(self) -> Iterator[int]:
        """The blocks that the export holds as a whole."""
        if self._counts:
            for block, count in self._counts.items():
                places = self._places.get(block, 0)
                if places == (1 << count) - 1 and self._places:
                    yield block
        elif all(places & (places + 1) == 0 for places in self._places.values()):
            yield from self._places


def _widened(span: tuple[int, int] | None, block: int) -> tuple[int, int]:
    return (block, block) if span is None else (min(span[0], block), max(span[1], block))
