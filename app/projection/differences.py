"""What differs between the lines of two stores: which wallet or transfer, and which of its properties."""

from dataclasses import dataclass
from typing import Literal

from app.projection.lines import SEPARATOR, TRANSFERS, Kind

Nature = Literal["missing", "surplus", "misplaced", "changed"]


@dataclass(frozen=True, slots=True)
class PropertyDifference:
    """One property as the record has it and as the graph has it; floats are spelt bit by bit."""

    property: str
    record: str
    graph: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One wallet or transfer: the graph lacks it, has it beyond the record, elsewhere, or otherwise.

    `name` is `chain:address` of a wallet and `transaction_hash:transfer_index` of a transfer.
    """

    kind: str
    number: int | None
    name: str
    nature: Nature
    properties: tuple[PropertyDifference, ...] = ()


def differences(kind: Kind, recorded: list[str], projected: list[str]) -> list[Difference]:
    """The differences between the lines of one range, by number."""
    record, graph = _by_number(recorded), _by_number(projected)
    return [
        _difference(kind, number, record.get(number), graph.get(number))
        for number in sorted(record.keys() | graph.keys())
        if record.get(number) != graph.get(number)
    ]


def _by_number(lines: list[str]) -> dict[int, list[str]]:
    split = (line.split(SEPARATOR) for line in lines)
    return {int(fields[0]): fields for fields in split}


def _difference(kind: Kind, number: int, record: list[str] | None, graph: list[str] | None) -> Difference:
    name = _name(kind, record or graph or [])
    if record is None or graph is None:
        return Difference(kind.name, number, name, "missing" if graph is None else "surplus")
    properties = tuple(
        PropertyDifference(field, ours, theirs)
        for field, ours, theirs in zip(kind.fields, record, graph, strict=False)
        if ours != theirs
    )
    moved = {"sender_id", "receiver_id"} & {each.property for each in properties}
    return Difference(kind.name, number, name, "misplaced" if moved else "changed", properties)


def _name(kind: Kind, fields: list[str]) -> str:
    if kind is TRANSFERS:
        return f"{fields[kind.field('transaction_hash')]}:{fields[kind.field('transfer_index')]}"
    return ":".join(fields[1:])
