"""Evidence against exact fractions, and what it says when it is not whole."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from app.domain import Wallet
from app.explain.evidence import RESTATED, ROW_LIMIT, TIME_LIMIT, Evidence, EvidencePath, evidence
from app.ledger.cells import DESTINATION, SOURCE
from app.stores.graph import Graph
from cypher import query
from tests.support.builders import START, address
from tests.support.graph import spoil
from tests.support.ledgers.edges import load
from tests.support.ledgers.exact import exact_content
from tests.support.ledgers.moves import CATEGORIES, LATER, SEEN, Ledger, Move, random_ledger

Parts = defaultdict[tuple[int, int, str, int], Fraction]
Totals = defaultdict[int, dict[int, float]]


def ask(
    graph: Graph,
    wallet_id: int,
    direction: int,
    totals: dict[int, float],
    *,
    threshold: float = 0.0,
    hop_limit: int = 4,
    max_paths: int = 10_000,
    timeout_seconds: float = 60.0,
) -> Evidence:
    return evidence(
        graph,
        wallet_id,
        direction,
        asset_totals=totals,
        watermark=SEEN,
        hop_limit=hop_limit,
        firm_confidence=50,
        threshold=threshold,
        max_paths=max_paths,
        timeout_seconds=timeout_seconds,
    )


def exact_parts(ledgers: list[Ledger], direction: int, hop_limit: int) -> tuple[Parts, Totals]:
    """Amounts by wallet, asset, category and hop, and the total by wallet and asset."""
    amounts: Parts = defaultdict(Fraction)
    totals: Totals = defaultdict(dict)
    for ledger in ledgers:
        for move, cells in exact_content(ledger, direction, hop_limit):
            wallet = move.receiver if direction == SOURCE else move.sender
            totals[wallet][move.asset_id] = totals[wallet].get(move.asset_id, 0.0) + float(move.amount)
            for (column, hop), part in cells.items():
                if column in CATEGORIES:
                    amounts[wallet, move.asset_id, column, hop] += part * move.amount
    return amounts, totals


def hashes(path: EvidencePath) -> list[str]:
    return [transfer.transaction_hash for transfer in path.transfers]


@pytest.mark.parametrize("direction", [SOURCE, DESTINATION])
def test_all_paths_add_up_to_the_exact_amounts_and_the_threshold_keeps_the_largest(
    graph: Graph, direction: int
) -> None:
    ledgers = [random_ledger(number, moves=60) for number in range(1, 13)]
    load(graph, *ledgers)
    amounts, totals = exact_parts(ledgers, direction, 4)
    listed = cut = 0
    for wallet, assets in totals.items():
        everything = ask(graph, wallet, direction, assets, threshold=1e-30)
        assert everything.incomplete == []
        shares: defaultdict[tuple[int, str, int], float] = defaultdict(float)
        for path in everything.paths:
            shares[path.asset_id, path.category, path.hop] += path.share
        for (owner, asset_id, category, hop), amount in amounts.items():
            if owner == wallet:
                exact = float(amount / Fraction(assets[asset_id]))
                assert shares.pop((asset_id, category, hop), 0.0) == pytest.approx(exact, abs=1e-12)
        assert not shares
        large = ask(graph, wallet, direction, assets, threshold=0.05)
        assert large.paths == [path for path in everything.paths if path.share >= 0.05]
        listed += len(everything.paths)
        cut += len(everything.paths) - len(large.paths)
    assert listed > cut > 100


def test_a_source_path_is_listed_in_the_order_of_the_money(graph: Graph) -> None:
    moves = [Move(1, 1, "0xa", 1, 2, 5, 40, 80.0), Move(2, 2, "0xb", 2, 3, 5, 30, 60.0)]
    load(graph, Ledger([*moves, Move(3, 3, "0xc", 3, 4, 5, 15, 45.0)], {1: "mixer"}))
    [path] = ask(graph, 4, SOURCE, {5: 15.0}, threshold=0.01).paths
    assert (path.category, path.hop, path.share, path.amount_carried) == ("mixer", 3, 1.0, 15)
    assert (path.label.name, path.label.source, path.label.confidence) == ("Wallet 1", "test", 90)
    assert (path.end_wallet, path.end_wallet_id) == (Wallet("ethereum", address(1)), 1)
    assert path.counterparty == Wallet("ethereum", address(3))
    assert (path.asset, path.asset_id, path.decimals, path.usd_value) == ("asset 5", 5, 18, 45.0)
    assert hashes(path) == ["0xa", "0xb", "0xc"]
    assert [transfer.amount for transfer in path.transfers] == [40, 30, 15]
    assert [transfer.amount_carried for transfer in path.transfers] == [40, 30, 15]
    assert path.transfers[0].occurred_at == START + timedelta(seconds=1)


def test_a_destination_path_is_listed_from_the_wallet_to_the_labelled_one(graph: Graph) -> None:
    moves = [Move(1, 1, "0xa", 1, 2, 5, 40, 80.0), Move(2, 2, "0xb", 2, 3, 5, 10, None)]
    load(graph, Ledger(moves, {3: "exchange"}))
    [path] = ask(graph, 1, DESTINATION, {5: 40.0}, threshold=0.01).paths
    assert (path.category, path.share, path.amount_carried, path.usd_value) == ("exchange", 0.25, 10, 80.0)
    assert path.counterparty == Wallet("ethereum", address(2))
    assert [(transfer.transaction_hash, transfer.amount_carried) for transfer in path.transfers] == [
        ("0xa", 40),
        ("0xb", 10),
    ]


def test_the_little_that_is_left_of_a_large_deposit_is_found(graph: Graph) -> None:
    """All of the money is the mixer's, though only a millionth of the deposit was still there to be sent."""
    moves = [Move(1, 1, "0xa", 1, 2, 5, 10**24, None), Move(2, 2, "0xb", 2, 3, 5, 10**24 - 10**18, None)]
    load(graph, Ledger([*moves, Move(3, 3, "0xc", 2, 4, 5, 10**17, None)], {1: "mixer"}))
    [path] = ask(graph, 4, SOURCE, {5: 1e17}, threshold=0.5).paths
    assert path.share == pytest.approx(1, abs=1e-9)
    assert hashes(path) == ["0xa", "0xc"]


def test_a_transfer_reached_by_two_paths_is_followed_for_the_one_that_carries_more(graph: Graph) -> None:
    moves = [Move(1, 1, "0xa", 1, 2, 5, 20, None), Move(2, 2, "0xb", 9, 2, 5, 80, None)]
    moves += [Move(3, 3, "0xc", 2, 3, 5, 100, None), Move(4, 4, "0xd", 3, 4, 5, 90, None)]
    load(graph, Ledger([*moves, Move(5, 5, "0xe", 3, 4, 5, 5, None)], {1: "mixer"}))
    [path] = ask(graph, 4, SOURCE, {5: 95.0}, threshold=0.02).paths
    assert hashes(path) == ["0xa", "0xc", "0xd"]
    assert path.share == pytest.approx(18 / 95, abs=1e-15)


def test_what_is_not_whole_says_why(graph: Graph) -> None:
    moves = [Move(place, place, f"0x{place:x}", 1, 2, 5, 10, None) for place in (1, 2, 3)]
    load(graph, Ledger([*moves, replace(moves[0], transfer_id=4, seq=4, batch=LATER)], {1: "mixer"}))
    some = ask(graph, 2, SOURCE, {5: 30.0}, max_paths=2)
    assert ([hashes(path) for path in some.paths], some.incomplete) == ([["0x1"], ["0x2"]], [ROW_LIMIT])
    assert ask(graph, 2, SOURCE, {5: 30.0}, timeout_seconds=0.0) == Evidence([], [TIME_LIMIT])
    whole = ask(graph, 2, SOURCE, {5: 30.0})
    assert (len(whole.paths), whole.incomplete) == (3, [])
    load(graph, Ledger([Move(9, 9, "0x9", 1, 8, 5, 10, None, revision=LATER)], {1: "mixer"}))
    restated = ask(graph, 8, SOURCE, {5: 10.0})
    assert [path.restated for path in restated.paths] == [True]
    assert restated.incomplete == [RESTATED]


def test_edges_of_an_older_version_give_the_same_evidence_and_the_same_sums(graph: Graph) -> None:
    """The graph answers while it is written again."""
    ledger = random_ledger(3)
    load(graph, ledger)
    wallets = sorted({end for move in ledger.moves for end in (move.sender, move.receiver)})
    totals = {move.asset_id: float(2**80) for move in ledger.moves}

    def answers() -> list[object]:
        limits = {"wallet_ids": wallets, "watermark": SEEN, "hop_limit": 4, "firm_confidence": 50}
        limits["other_values"] = {}
        sums = [graph.read(query(f"exposure/{name}_paths"), limits) for name in ("source", "destination")]
        return [
            *(sorted(map(repr, rows)) for rows in sums),
            *(ask(graph, wallet, way, totals) for wallet in wallets for way in (SOURCE, DESTINATION)),
        ]

    before = answers()
    spoil(
        graph,
        "MATCH ()-[t:TRANSFER]->() SET t.revision = coalesce(t.revision, t.batch), t.generation = 1,"
        " t.transfer_index = t.seq % 65536, t.unobserved = coalesce(t.unobserved, 0.0)",
    )
    assert answers() == before
    assert any(isinstance(each, Evidence) and each.paths for each in before)


@pytest.mark.parametrize("name", ["exposure/evidence_source_step", "exposure/evidence_destination_step"])
def test_each_hop_seeks_in_an_index_and_never_scans_transfers(graph: Graph, name: str) -> None:
    plan = graph.plan(query(name)).plan
    assert plan is not None
    steps = [plan]
    for step in steps:
        steps += step.get("children", [])
    kinds = [step["operatorType"].partition("@")[0] for step in steps]
    assert kinds.count("DirectedRelationshipIndexSeek") == 2
    assert not [kind for kind in kinds if "Scan" in kind or "Expand" in kind]
