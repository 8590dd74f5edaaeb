"""A pass hop by hop gives what the pass in one gives, whatever batches its scans come in."""

from random import Random

import numpy as np
import pytest

from app.errors import Unequal
from app.ledger import hop_scan, workspace
from app.ledger.cells import DESTINATION, SOURCE, CellLayout
from app.ledger.exposure import PassResult, destination_pass, source_pass
from app.ledger.sparse import SparseRows
from tests.support.ledgers.hop_by_hop import hop_by_hop
from tests.support.ledgers.plain import Move, annotated, pools_of

OWNERS = (0, 1, 2, 3, 4, 4, 4, 5, 6, 7)
"""Ten pools of eight wallets, one of which has three."""


def assert_near(got: SparseRows, expected: SparseRows) -> None:
    assert np.array_equal(got.starts, expected.starts)
    assert np.array_equal(got.cell, expected.cell)
    assert np.abs(got.share - expected.share).max(initial=0.0) < 1e-14


def assert_same(got: PassResult, expected: PassResult) -> None:
    assert np.array_equal(got.pool, expected.pool)
    assert np.array_equal(got.wallet, expected.wallet)
    assert_near(got.shares, expected.shares)
    assert_near(got.combined, expected.combined)


def random_moves(r: Random, count: int) -> list[Move]:
    moves = []
    for _ in range(count):
        sender, receiver = r.sample(range(len(OWNERS)), 2)
        if OWNERS[sender] != OWNERS[receiver]:
            amount = r.choice([r.randint(1, 9), r.randint(1, 10**30), 2**256 - 1])
            moves.append(Move(sender, receiver, amount, r.choice([0, 1, 7])))
    return moves


@pytest.mark.parametrize("hop_limit", [1, 2, 3, 6])
@pytest.mark.parametrize("direction", [SOURCE, DESTINATION])
def test_random_ledgers_hop_by_hop_are_those_of_the_pass(
    direction: int, hop_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hop_scan, "_CELLS_A_STEP", 0)  # so that space runs out often
    monkeypatch.setattr(workspace, "EXPECTED_CELLS", 0)
    r = Random(hop_limit)
    layout = CellLayout(("stolen", "clean"), hop_limit)
    in_one = {SOURCE: source_pass, DESTINATION: destination_pass}[direction]
    for _ in range(40):
        moves = random_moves(r, r.randint(1, 60))
        labels = {owner: r.randrange(2) for owner in r.sample(range(8), r.randint(0, 3))}
        if not moves:
            continue
        flows, pools = annotated(moves), pools_of(OWNERS, labels, layout)
        assert_same(hop_by_hop(flows, pools, layout, direction, r), in_one(flows, pools, layout))


def test_labels_whose_column_depends_on_the_moment_are_in_the_cell_of_the_pass() -> None:
    r = Random(9)
    layout = CellLayout(("before", "while", "after"), 3)
    moves = random_moves(r, 80)
    flows, pools = annotated(moves), pools_of(OWNERS, {0: 1, 3: 1}, layout)
    shifts = np.array([r.choice([-4, 0, 4]) for _ in moves], np.int16)
    flows = flows._replace(sender_shift=shifts, receiver_shift=shifts)
    assert_same(hop_by_hop(flows, pools, layout, SOURCE, r), source_pass(flows, pools, layout))
    assert_same(hop_by_hop(flows, pools, layout, DESTINATION, r), destination_pass(flows, pools, layout))


def test_an_annotation_that_does_not_fit_is_told() -> None:
    layout = CellLayout(("stolen",), 3)
    flows = annotated([Move(0, 1, 10), Move(1, 2, 4), Move(2, 3, 2)])
    flows.send_share[2] = 0.9
    with pytest.raises(Unequal, match="does not fit its pool"):
        hop_by_hop(flows, pools_of(OWNERS, {0: 0}, layout), layout, SOURCE, Random(1))


def test_steps_without_a_hop_are_refused() -> None:
    layout = CellLayout(("stolen",), 3)
    flows = annotated([Move(4, 5, 10, 0, 0)])
    with pytest.raises(ValueError, match="without a hop"):
        hop_by_hop(flows, pools_of(OWNERS, {}, layout), layout, SOURCE, Random(1))
