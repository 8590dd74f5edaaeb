"""Small ledgers written into a graph as the projection would write them."""

from collections import defaultdict
from datetime import timedelta
from math import log, log1p
from typing import Any

from app.domain import epoch_identity
from app.stores.graph import Graph
from cypher import Query
from tests.support.builders import CHAIN, START, address
from tests.support.ledgers.moves import LATER, Ledger

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
            rows[wallet] = {"wallet_id": wallet, "chain": CHAIN, "address": address(wallet)}
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
                "seq": move.seq,
                "occurred_at": START + timedelta(seconds=move.seq),
                "asset_id": move.asset_id,
                "asset": f"asset {move.asset_id}",
                "decimals": 18,
                "amount": float(move.amount),
                "amount_exact": str(move.amount),
                "usd_value": move.usd_value,
                "batch": move.batch,
                "revision": move.revision if move.revision > move.batch else None,
                "retracted": True if move.retracted else None,
                **annotated.get(move.transfer_id, {}),
            }
            rows.append({"sender": move.sender, "receiver": move.receiver, "properties": properties})
    return rows


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
            "unobserved": float(move.amount - covered) or None,
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
