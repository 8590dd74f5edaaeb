"""Digests of all wallets and transfers: equal for equal content, whatever the order of arrival.

Each wallet and each transfer is one line of text, hashed; the hashes are summed. Numbers that depend on
arrival (wallet, transfer, asset, pool, batch) never enter a line: pools are resolved to (chain, address,
asset), and of the others the graph's line says only where they contradict the record.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy import Connection

from app.graph import Graph
from app.postgres import Postgres
from app.projection.lines import (
    SEPARATOR,
    PoolNames,
    graph_transfers,
    graph_wallets,
    record_transfers,
    record_wallets,
)
from app.projection.state import count

_MODULUS = 1 << 256
_CHAIN, _ASSET, _AMOUNT, _RETRACTED = 0, 9, 10, 14


@dataclass(frozen=True, slots=True)
class Digest:
    """Content of one store.

    `digest` is hexadecimal; `amounts` are exact sums in base units by `chain:asset`, without what was
    retracted.
    """

    transfers: int
    wallets: int
    digest: str
    amounts: dict[str, int] = field(default_factory=dict)


def record_digest(postgres: Postgres) -> Digest:
    """Digest of the record as of one moment."""
    with postgres.transaction(snapshot=True) as connection:
        return digest_of_record(connection)


def graph_digest(graph: Graph, postgres: Postgres) -> Digest:
    """Digest of the graph; the record only resolves its numbers to natural keys."""
    with postgres.transaction(snapshot=True) as connection:
        return digest_of_graph(graph, connection)


def digest_of_record(connection: Connection) -> Digest:
    """As `record_digest`, in an open transaction."""
    content = _Content()
    for line in record_wallets(connection):
        content.add_wallet(line)
    for fields in record_transfers(connection, PoolNames(connection)):
        content.add_transfer(fields)
    return content.digest(content.wallets, content.transfers)


def digest_of_graph(graph: Graph, connection: Connection) -> Digest:
    """As `graph_digest`, with an open transaction of the record."""
    content = _Content()
    for line in graph_wallets(graph, connection):
        content.add_wallet(line)
    for fields in graph_transfers(graph, connection, PoolNames(connection)):
        content.add_transfer(fields)
    counts = count(graph)  # also counts what carries no number and so is in no page
    return content.digest(counts.wallets, counts.transfers)


class _Content:
    """Running sums over the lines of one store."""

    def __init__(self) -> None:
        self.wallets = 0
        self.transfers = 0
        self._sum = 0
        self._amounts: Counter[str] = Counter()

    def add_wallet(self, line: str) -> None:
        self.wallets += 1
        self._sum += _number(f"wallet{SEPARATOR}{line}")

    def add_transfer(self, fields: list[str]) -> None:
        self.transfers += 1
        self._sum += _number(SEPARATOR.join(fields))
        amount = fields[_AMOUNT]
        if fields[_RETRACTED] != "true" and amount.isdecimal():
            self._amounts[f"{fields[_CHAIN]}:{fields[_ASSET]}"] += int(amount)

    def digest(self, wallets: int, transfers: int) -> Digest:
        return Digest(transfers, wallets, f"{self._sum % _MODULUS:064x}", dict(self._amounts))


def _number(line: str) -> int:
    return int.from_bytes(sha256(line.encode()).digest())
