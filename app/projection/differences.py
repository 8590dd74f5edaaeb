"""What differs between the lines of two stores: which wallet or transfer, and which of its properties."""

from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypeAliasType

from app.projection.canonical_lines import SEPARATOR, TRANSFERS, Entity

DifferenceNature = TypeAliasType("DifferenceNature", Literal["missing", "surplus", "misplaced", "changed"])


@dataclass(frozen=True, slots=True)
class PropertyDifference:
    """One property as the record has it and as the graph has it; floats are written bit by bit."""

    property: str
    in_record: str
    in_graph: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One wallet or transfer that the graph lacks, has in surplus, has elsewhere, or has with other values.

    `kind` is `wallets`, `transfers`, `labels` or `levels`, and `number` the id. `name` is `chain:address` of
    a wallet, `transaction_hash:transfer_index` of a transfer.
    """

    kind: str
    number: int | None
    name: str
    nature: DifferenceNature
    properties: tuple[PropertyDifference, ...] = ()


def find_differences(entity: Entity, record_lines: list[str], graph_lines: list[str]) -> list[Difference]:
    """The differences between the lines of one range, by id."""
    record, graph = _by_id(record_lines), _by_id(graph_lines)
    return [
        _difference(entity, number, record.get(number), graph.get(number))
        for number in sorted(record.keys() | graph.keys())
        if record.get(number) != graph.get(number)
    ]


def _by_id(lines: list[str]) -> dict[int, list[str]]:
    split = (line.split(SEPARATOR) for line in lines)
    return {int(fields[0]): fields for fields in split}


def _difference(entity: Entity, number: int, record: list[str] | None, graph: list[str] | None) -> Difference:
    name = _name(entity, record or graph or [])
    if record is None or graph is None:
        return Difference(entity.name, number, name, "missing" if graph is None else "surplus")
    properties = tuple(
        PropertyDifference(field, in_record, in_graph)
        for field, in_record, in_graph in zip(entity.fields, record, graph, strict=False)
        if in_record != in_graph
    )
    moved = {"sender_id", "receiver_id"} & {each.property for each in properties}
    return Difference(entity.name, number, name, "misplaced" if moved else "changed", properties)


def _name(entity: Entity, fields: list[str]) -> str:
    if entity is TRANSFERS:
        return f"{fields[entity.position('transaction_hash')]}:{fields[entity.position('transfer_index')]}"
    return ":".join(fields[1:])
