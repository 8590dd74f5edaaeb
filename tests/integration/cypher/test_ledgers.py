"""Small random ledgers, their exact exposures in fractions, and their edges by the graph's contract."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import log, log1p
from typing import Any

import pytest

from app.domain import epoch_identity
from app.ledger.cells import DESTINATION, SOURCE
from app.stores.graph import Graph
from cypher import Query

CATEGORIES = ("sanctioned", "mixer", "exchange")
SEEN, LATER = 7, 8  # batches: the watermark, and one after it
RESIDUAL = {SOURCE: "unobserved_origin", DESTINATION: "still_held"}
BEYOND = ("beyond_hop_limit", 0)

Cells = dict[tuple[str, int], Fraction]


@dataclass(frozen=True, slots=True)
class Move:
    """One transfer of a test ledger."""

    transfer_id: int
    seq: int
    transaction_hash: str
    sender: int
    receiver: int
    asset_id: int
    amount: int
    usd_value: float | None
    batch: int = SEEN
    revision: int = 0
    retracted: bool = False

    @property
    def flows(self) -> bool:
        """Whether it moves anything from one wallet to another."""
        return self.amount > 0 and self.sender != self.receiver and not self.retracted


@dataclass(frozen=True, slots=True)
class Ledger:
    """Moves of a few wallets, in any order, and the categories of the labelled ones."""

    moves: list[Move]
    labels: dict[int, str] = field(default_factory=dict)

    def flowing(self, batch: int = SEEN) -> list[Move]:
        """Moves with flow up to that batch, in ledger order."""
        flowing = (move for move in self.moves if move.flows and move.batch <= batch)
        return sorted(flowing, key=lambda move: (move.seq, move.transaction_hash))


def random_ledger(number: int, moves: int = 26) -> Ledger:
    """A ledger of its own wallets and assets, with ties, cycles, zeros and transfers to oneself."""
    chance = random.Random(number)
    wallets = [number * 100 + place for place in range(6)]
    made = []
    for place in range(moves):
        sender, receiver = chance.choices(wallets, k=2)
        late = place >= moves - 3
        made.append(
            Move(
                transfer_id=number * 1000 + place,
                seq=number * 1000 + (moves + place if late else chance.randrange(moves // 2)),
                transaction_hash=f"0x{chance.getrandbits(256):064x}",
                sender=sender,
                receiver=receiver,
                asset_id=number * 2 + chance.choice((0, 0, 1)),
                amount=chance.choice((0, 1, 2, 3, 5, 8, 13 * 10**18, 10**24 + 7)),
                usd_value=chance.choice((None, 0.0, 1.5, 20.0, 3e6)),
                batch=LATER if late else SEEN,
                retracted=chance.random() < 0.05,
            )
        )
    return Ledger(made, {wallet: chance.choice(CATEGORIES) for wallet in chance.sample(wallets, 2)})


def exact_content(ledger: Ledger, direction: int, hop_limit: int) -> Iterator[tuple[Move, Cells]]:
    """For each flowing move where its amount came from or goes to: fractions of the amount, by cell."""
    return (_exact_sources if direction == SOURCE else _exact_destinations)(ledger, hop_limit)


def _further(cells: Cells, part: Fraction, hop_limit: int) -> Cells:
    moved: Cells = defaultdict(Fraction)
    for (column, hop), amount in cells.items():
        beyond = column == BEYOND[0] or hop == hop_limit
        moved[BEYOND if beyond else (column, hop + 1)] += amount * part
    return moved


def _exact_sources(ledger: Ledger, hop_limit: int) -> Iterator[tuple[Move, Cells]]:
    pools: defaultdict[tuple[int, int], Cells] = defaultdict(dict)
    for move in ledger.flowing():
        sender = pools[move.sender, move.asset_id]
        held = sum(sender.values(), Fraction(0))
        part = min(Fraction(1), move.amount / held) if held else Fraction(0)
        cells = _further(sender, part, hop_limit)
        cells["unobserved_origin", 1] += max(move.amount - held, Fraction(0))
        for cell, amount in sender.items():
            sender[cell] = amount * (1 - part)
        if move.sender in ledger.labels:
            cells = {(ledger.labels[move.sender], 1): Fraction(move.amount)}
        receiver = pools[move.receiver, move.asset_id]
        for cell, amount in cells.items():
            receiver[cell] = receiver.get(cell, Fraction(0)) + amount
        yield move, {cell: amount / move.amount for cell, amount in cells.items()}


def _exact_destinations(ledger: Ledger, hop_limit: int) -> Iterator[tuple[Move, Cells]]:
    balances: defaultdict[tuple[int, int], int] = defaultdict(int)
    left: dict[int, Fraction] = {}
    for move in ledger.flowing():
        sender, receiver = (move.sender, move.asset_id), (move.receiver, move.asset_id)
        covered = min(move.amount, balances[sender])
        left[move.transfer_id] = Fraction(covered, balances[sender]) if covered else Fraction(0)
        balances[sender] -= covered
        balances[receiver] += move.amount
    fates: defaultdict[tuple[int, int], Cells] = defaultdict(lambda: {("still_held", 0): Fraction(1)})
    for move in reversed(ledger.flowing()):
        if move.receiver in ledger.labels:
            cells = {(ledger.labels[move.receiver], 1): Fraction(1)}
        else:
            cells = _further(fates[move.receiver, move.asset_id], Fraction(1), hop_limit)
            cells[BEYOND] = cells.get(BEYOND, Fraction(0)) + cells.pop(("still_held", hop_limit), Fraction(0))
        part = left[move.transfer_id]
        fate = {cell: amount * (1 - part) for cell, amount in fates[move.sender, move.asset_id].items()}
        for cell, amount in cells.items():
            fate[cell] = fate.get(cell, Fraction(0)) + amount * part
        fates[move.sender, move.asset_id] = fate
        yield move, cells


def _annotations(ledger: Ledger) -> dict[int, dict[str, Any]]:
    """The six annotation properties of each flowing move, kept with all batches and exact balances."""
    pools: dict[tuple[int, int], int] = {}
    balances: defaultdict[int, int] = defaultdict(int)
    epochs: defaultdict[int, int] = defaultdict(int)
    drains: defaultdict[int, float] = defaultdict(float)
    first = min(move.transfer_id for move in ledger.moves)
    annotated = {}
    for move in ledger.flowing(LATER):
        sender = pools.setdefault((move.sender, move.asset_id), first + len(pools))
        receiver = pools.setdefault((move.receiver, move.asset_id), first + len(pools))
        held, covered = balances[sender], min(move.amount, balances[sender])
        annotated[move.transfer_id] = {
            "send_pool": epoch_identity(sender, epochs[sender]),
            "send_drain": drains[sender],
            "send_share": covered / held if held else 0.0,
            "unobserved": float(move.amount - covered),
            "recv_pool": epoch_identity(receiver, epochs[receiver]),
            "recv_drain": drains[receiver],
        }
        if covered and covered == held:
            epochs[sender] += 1
            drains[sender] = 0.0
        elif covered:
            most = 2 * covered > held  # then covered / held may round to 1
            drains[sender] += log(held / (held - covered)) if most else -log1p(-covered / held)
        balances[sender] -= covered
        balances[receiver] += move.amount
    return annotated


_LOAD = Query(
    "tests/load",
    "",
    frozenset({"wallets", "edges"}),
    (),
    """
CYPHER 25
UNWIND $wallets AS row
MERGE (w:Wallet {wallet_id: row.wallet_id}) SET w += row
WITH count(*) AS wallets
UNWIND $edges AS row
MATCH (sender:Wallet {wallet_id: row.sender})
MATCH (receiver:Wallet {wallet_id: row.receiver})
CREATE (sender)-[t:TRANSFER]->(receiver) SET t = row.properties
""",
)


def load(graph: Graph, *ledgers: Ledger) -> None:
    """Writes the ledgers into the graph as the projection would."""
    graph.write([(_LOAD, {"wallets": _wallets(ledgers), "edges": _edges(ledgers)})])


def _wallets(ledgers: tuple[Ledger, ...]) -> list[dict[str, Any]]:
    rows = {}
    for ledger in ledgers:
        for wallet in {end for move in ledger.moves for end in (move.sender, move.receiver)}:
            rows[wallet] = {"wallet_id": wallet, "chain": "ethereum", "address": address(wallet)}
            if wallet in ledger.labels:
                label = {"label": f"Wallet {wallet}", "label_source": "test", "label_confidence": 90}
                rows[wallet] |= label | {"category": ledger.labels[wallet]}
    return list(rows.values())


def _edges(ledgers: tuple[Ledger, ...]) -> list[dict[str, Any]]:
    rows = []
    for ledger in ledgers:
        annotated = _annotations(ledger)
        for move in ledger.moves:
            properties = {
                "transfer_id": move.transfer_id,
                "transaction_hash": move.transaction_hash,
                "transfer_index": move.seq & 0xFFFF,
                "seq": move.seq,
                "occurred_at": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=move.seq),
                "asset_id": move.asset_id,
                "asset": f"asset {move.asset_id}",
                "decimals": 18,
                "amount": float(move.amount),
                "amount_exact": str(move.amount),
                "usd_value": move.usd_value,
                "batch": move.batch,
                "revision": max(move.batch, move.revision),
                "retracted": True if move.retracted else None,
                **annotated.get(move.transfer_id, {}),
            }
            rows.append({"sender": move.sender, "receiver": move.receiver, "properties": properties})
    return rows


def address(wallet_id: int) -> str:
    """The address of a test wallet."""
    return f"0x{wallet_id:040x}"


@pytest.mark.parametrize("direction", [SOURCE, DESTINATION])
def test_the_exact_parts_of_every_transfer_sum_to_the_whole(direction: int) -> None:
    ledgers = [random_ledger(number) for number in range(1, 40)]
    wholes = [sum(cells.values()) for ledger in ledgers for _, cells in exact_content(ledger, direction, 3)]
    assert len(wholes) > 500
    assert set(wholes) == {1}
