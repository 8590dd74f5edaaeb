"""The canonical lines of a range of ids in either store, and their digest."""

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, TextClause

from app.projection.canonical_lines import SEPARATOR, TRANSFERS, Entity
from app.stores.graph import Graph
from cypher import Query

RANGE_IDS = 10_000
"""How many ids one digest covers."""


class IdRange(NamedTuple):
    """Ids greater than `after`, up to and including `last`."""

    after: int
    last: int

    @classmethod
    def containing(cls, number: int) -> "IdRange":
        """The range of this id; the first range begins at 0."""
        start = number // RANGE_IDS * RANGE_IDS
        return cls(start - 1, start + RANGE_IDS - 1)


@dataclass(frozen=True, slots=True)
class RangeDigest:
    """The lines of a range in one store: count, digest, and exact sums in base units by asset id."""

    count: int
    digest: str
    amounts: dict[str, int]


def next_id(connection: Connection, graph: Graph, entity: Entity, after: int) -> int | None:
    """The smallest id after this one that either store has; None behind the last."""
    parameters = {"after": after}
    ids = _ids_of_both(connection, entity.next_in_record, graph, entity.next_in_graph, parameters)
    return min(ids, default=None)


def last_id(connection: Connection, graph: Graph, entity: Entity) -> int:
    """The largest id that either store has; -1 when both are empty."""
    ids = _ids_of_both(connection, entity.last_in_record, graph, entity.last_in_graph, {})
    return max(ids, default=-1)


def _ids_of_both(
    connection: Connection,
    statement: TextClause,
    graph: Graph,
    graph_query: Query,
    parameters: dict[str, int],
) -> list[int]:
    """The id that each store answers with, of those that have one."""
    recorded = connection.execute(statement, parameters).scalar_one()
    ids = [row["id"] for row in graph.read(graph_query, parameters)]
    return ids if recorded is None else [*ids, recorded]


def record_range(connection: Connection, entity: Entity, ids: IdRange) -> RangeDigest:
    """The record's lines, digested by PostgreSQL."""
    count, digest, amounts = connection.execute(entity.digest_in_record, ids._asdict()).one()
    return RangeDigest(count, digest, {asset_id: int(amount) for asset_id, amount in amounts.items()})


def record_lines(connection: Connection, entity: Entity, ids: IdRange) -> list[str]:
    """The record's lines, by id."""
    return list(connection.execute(entity.lines_in_record, ids._asdict()).scalars())


def graph_lines(graph: Graph, entity: Entity, ids: IdRange) -> list[str]:
    """The graph's lines, by id. Neo4j has no hash functions, so `digest_lines` digests them here."""
    ((lines,),) = graph.stream(entity.lines_in_graph, {**ids._asdict(), "separator": SEPARATOR})
    if not entity.floats:
        return list(lines)
    floats = [entity.position(name) for name in entity.floats]
    return [SEPARATOR.join(_with_float_bits(line.split(SEPARATOR), floats)) for line in lines]


def digest_lines(lines: list[str], entity: Entity) -> RangeDigest:
    """The digest of lines of the graph, equal to `record_range` for equal lines."""
    amounts: dict[str, int] = {}
    if entity is TRANSFERS:
        for asset_id, amount in _amounts(lines):
            amounts[asset_id] = amounts.get(asset_id, 0) + amount
    return RangeDigest(len(lines), sha256("\n".join(lines).encode()).hexdigest(), amounts)


def _amounts(lines: list[str]) -> Iterator[tuple[str, int]]:
    asset, amount, retracted = (TRANSFERS.position(name) for name in ("asset_id", "amount", "retracted"))
    for line in lines:
        fields = line.split(SEPARATOR)
        if fields[retracted] != "true" and fields[amount].isdecimal():
            yield fields[asset], int(fields[amount])


def _with_float_bits(fields: list[str], floats: Collection[int]) -> list[str]:
    for position in floats:
        if number := fields[position]:
            try:
                fields[position] = struct.pack(">d", float(number)).hex()
            except ValueError:  # only a graph changed by hand holds one
                fields[position] = f"not a float: {number}"
    return fields
