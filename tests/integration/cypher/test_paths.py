"""The Cypher engine against exact fractions, on many ledgers side by side in one graph."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.errors import NotReady
from app.ledger.cells import DESTINATION, SOURCE, CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.runs.engines.cypher import exposures_by_paths
from app.stores.graph import Graph
from cypher import query
from tests.support.ledgers.edges import load
from tests.support.ledgers.exact import BEYOND, RESIDUAL, Cells, Key, exact_shares
from tests.support.ledgers.moves import CATEGORIES, LATER, SEEN, Ledger, Move, random_ledger
from tests.support.record import ignore


def rows(found: DirectionShares, layout: CellLayout) -> Iterator[tuple[Key, Any]]:
    pools = zip(found.wallet_id.tolist(), found.asset_id.tolist(), strict=True)
    yield from zip(pools, found.shares.matrix(layout.width), strict=True)
    priced = ((wallet, None) for wallet in found.priced_wallet_id.tolist())
    yield from zip(priced, found.combined.matrix(layout.width), strict=True)


def as_row(cells: Cells, direction: int, layout: CellLayout) -> list[float]:
    row = [0.0] * layout.width
    for (column, hop), share in cells.items():
        if (column, hop) == BEYOND:
            place = 0
        elif column == RESIDUAL[direction]:
            place = layout.residual(hop)
        else:
            place = layout.category(layout.categories.index(column), hop)
        row[place] = float(share)
    return row


def by_paths(graph: Graph, layout: CellLayout, wallet_ids: list[int]) -> Exposures:
    return exposures_by_paths(
        graph,
        layout,
        firm_confidence=50,
        known_assets=range(1_000),
        watermark=SEEN,
        wallet_ids=wallet_ids,
        progress=ignore,
    )


def test_paths_give_the_exact_shares_of_every_wallet_in_both_directions(graph: Graph) -> None:
    ledgers = [random_ledger(number) for number in range(1, 121)]
    load(graph, *ledgers)
    wallets = sorted(
        {end for ledger in ledgers for move in ledger.moves for end in (move.sender, move.receiver)}
    )
    for hop_limit in (1, 3, 6):
        layout = CellLayout(CATEGORIES, hop_limit)
        found = by_paths(graph, layout, wallets)
        for direction, shares in ((SOURCE, found.source), (DESTINATION, found.destination)):
            wanted = {
                key: as_row(cells, direction, layout)
                for ledger in ledgers
                for key, cells in exact_shares(ledger, direction, hop_limit).items()
            }
            answered = dict(rows(shares, layout))
            assert answered.keys() == wanted.keys()
            keys = sorted(wanted, key=str)
            np.testing.assert_allclose(
                [answered[key] for key in keys], [wanted[key] for key in keys], rtol=0, atol=1e-12
            )
            assert list(shares.wallet_id) == sorted(shares.wallet_id)
            for found_rows in (shares.shares, shares.combined):
                whole = found_rows.matrix(layout.width).sum(axis=1)
                np.testing.assert_allclose(whole, 1, rtol=0, atol=1e-12)


def test_a_labelled_wallet_whose_money_comes_back_is_not_traced_through(graph: Graph) -> None:
    moves = [Move(1, 1, "0xa", 1, 2, 1, 10, None), Move(2, 2, "0xb", 2, 1, 1, 10, None)]
    moves.append(Move(3, 3, "0xc", 1, 2, 1, 4, None))
    load(graph, Ledger(moves, {1: "mixer"}))
    layout = CellLayout(CATEGORIES, 4)
    found = by_paths(graph, layout, [1, 2])
    mixer = CATEGORIES.index("mixer")
    assert found.source.wallet_id.tolist() == [1, 2]
    source, destination = (side.shares.matrix(layout.width) for side in (found.source, found.destination))
    assert source[0, layout.category(mixer, 2)] == 1
    assert source[1, layout.category(mixer, 1)] == 1
    assert destination[0, layout.category(mixer, 2)] == pytest.approx(10 / 14, abs=1e-15)
    assert destination[0, layout.residual(1)] == pytest.approx(4 / 14, abs=1e-15)


def test_a_wallet_without_flow_has_no_row(graph: Graph) -> None:
    load(graph, Ledger([Move(1, 1, "0xa", 1, 1, 1, 10, 1.0), Move(2, 2, "0xb", 1, 2, 1, 0, 1.0)]))
    layout = CellLayout(CATEGORIES, 4)
    found = by_paths(graph, layout, [1, 2, 3])
    assert len(found.source.shares) == len(found.destination.combined) == 0


def test_values_restated_after_the_watermark_are_refused(graph: Graph) -> None:
    move = Move(1, 1, "0xa", 1, 2, 1, 10, None)
    load(graph, Ledger([move, replace(move, transfer_id=2, seq=2, batch=LATER)]))
    layout = CellLayout(CATEGORIES, 4)
    by_paths(graph, layout, [1, 2])
    load(graph, Ledger([replace(move, transfer_id=3, sender=3, receiver=4, revision=LATER)]))
    with pytest.raises(NotReady, match=f"1 transfers were restated after batch {SEEN}"):
        by_paths(graph, layout, [1, 2])


@pytest.mark.parametrize("name", ["exposure/source_paths", "exposure/destination_paths"])
def test_paths_start_at_an_index_and_are_pruned_while_they_expand(graph: Graph, name: str) -> None:
    plan = graph.plan(query(name)).plan
    assert plan is not None
    steps = list(operators(plan))
    assert any(step.startswith("NodeUniqueIndexSeek") for step in steps)
    assert any(step.startswith("Repeat(All, Trail)") and "inlined allReduce()" in step for step in steps)


def operators(plan: dict[str, Any]) -> Iterator[str]:
    yield f"{plan['operatorType']} {plan['args'].get('Details', '')}"
    for child in plan.get("children", []):
        yield from operators(child)
