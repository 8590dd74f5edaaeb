"""The ledger pass against exact fractions."""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Unequal
from app.ledger.cells import CellLayout
from app.ledger.exposure import PassResult, destination_pass, source_pass
from app.ledger.kernels import Flows, Pools

CATEGORIES = 3
WALLETS = 6


@dataclass(frozen=True)
class Move:
    """One transfer between wallets 0..5, each with one pool of its number."""

    sender: int
    receiver: int
    amount: int
    usd: int = 0


Shares = dict[int, Fraction]
"""By cell."""


def annotated(moves: list[Move]) -> Flows:
    """The annotation of moves of one asset, in ledger order, from exact balances."""
    balance = [0] * WALLETS
    share, kept, unobserved = [], [], []
    for move in moves:
        before = balance[move.sender]
        covered = min(move.amount, before)
        share.append(float(Fraction(covered, before)) if before else 0.0)
        kept.append(float(Fraction(before - covered, before)) if before else 1.0)
        unobserved.append(float(move.amount - covered))
        balance[move.sender] -= covered
        balance[move.receiver] += move.amount
    return Flows(
        np.array([m.sender for m in moves], np.int32),
        np.array([m.receiver for m in moves], np.int32),
        np.array([m.amount for m in moves], np.float64),
        np.array(share),
        np.array(kept),
        np.array(unobserved),
        np.array([m.usd for m in moves], np.float64),
    )


def pools(labels: dict[int, int]) -> Pools:
    return Pools(
        np.arange(WALLETS, dtype=np.int32), np.array([labels.get(w, -1) for w in range(WALLETS)], np.int16)
    )


def exact_parts(moves: list[Move], labels: dict[int, int], layout: CellLayout) -> list[Shares]:
    """Of each move, where its money came from: tracked lot by lot, as fractions."""
    content: list[Shares] = [defaultdict(Fraction) for _ in range(WALLETS)]
    found = []
    for move in moves:
        held = sum(content[move.sender].values(), Fraction(0))
        covered = min(Fraction(move.amount), held)
        parts: Shares = defaultdict(Fraction)
        for cell, amount in list(content[move.sender].items()):
            leaves = amount * covered / held if held else Fraction(0)
            content[move.sender][cell] -= leaves
            parts[_further(cell, layout)] += leaves
        parts[layout.residual(1)] += move.amount - covered
        if move.sender in labels:
            parts = {layout.category(labels[move.sender], 1): Fraction(move.amount)}
        for cell, amount in parts.items():
            content[move.receiver][cell] += amount
        found.append(parts)
    return found


def exact_ends(moves: list[Move], labels: dict[int, int], layout: CellLayout) -> list[Shares]:
    """Of each move, where its money went: followed forward from that move alone, as fractions."""
    return [_followed(moves, number, labels, layout) for number in range(len(moves))]


def _followed(moves: list[Move], start: int, labels: dict[int, int], layout: CellLayout) -> Shares:
    first = moves[start]
    ends: Shares = defaultdict(Fraction)
    balance = [Fraction(0)] * WALLETS
    marked: list[dict[int, Fraction]] = [defaultdict(Fraction) for _ in range(WALLETS)]  # by hop
    for number, move in enumerate(moves):
        held = balance[move.sender]
        covered = min(Fraction(move.amount), held)
        leaving = {h: a * covered / held if held else Fraction(0) for h, a in marked[move.sender].items()}
        for hop, amount in leaving.items():
            marked[move.sender][hop] -= amount
        balance[move.sender] -= covered
        balance[move.receiver] += move.amount
        arriving = {hop + 1: amount for hop, amount in leaving.items()}
        if number == start:
            arriving[1] = arriving.get(1, Fraction(0)) + first.amount
        for hop, amount in arriving.items():
            if move.receiver in labels:
                ends[layout.category(labels[move.receiver], hop)] += amount
            elif hop == layout.hop_limit:
                ends[0] += amount
            else:
                marked[move.receiver][hop] += amount
    for of_wallet in marked:
        for hop, amount in of_wallet.items():
            ends[layout.residual(hop)] += amount
    return ends


def _further(cell: int, layout: CellLayout) -> int:
    return 0 if cell == 0 or cell % layout.hop_limit == 0 else cell + 1


def assert_exact(
    result: PassResult, own: list[int], moves: list[Move], parts: list[Shares], layout: CellLayout
) -> None:
    expected: dict[int, list[Fraction]] = {}
    weighted: dict[int, list[Fraction]] = {}
    for wallet, move, of_move in zip(own, moves, parts, strict=True):
        for rows, weight in ((expected, move.amount), (weighted, move.usd)):
            if weight:
                row = rows.setdefault(wallet, [Fraction(0)] * layout.width)
                for cell, amount in of_move.items():
                    row[cell] += amount * weight / move.amount
    for rows, numbers, shares in (
        (expected, result.pool, result.shares.matrix(layout.width)),
        (weighted, result.wallet, result.combined.matrix(layout.width)),
    ):
        assert numbers.tolist() == sorted(rows)
        for number, row in zip(numbers.tolist(), shares.tolist(), strict=True):
            total = sum(rows[number])
            assert row == pytest.approx([float(cell / total) for cell in rows[number]], abs=1e-12, rel=0)


amounts = st.one_of(st.integers(1, 9), st.integers(1, 10**30), st.sampled_from([1, 2**256 - 1]))
wallets = st.integers(0, WALLETS - 1)
moves_between = st.lists(
    st.builds(Move, wallets, wallets, amounts, st.sampled_from([0, 1, 7])).filter(
        lambda m: m.sender != m.receiver
    ),
    max_size=40,
)
labellings = st.dictionaries(wallets, st.integers(0, CATEGORIES - 1), max_size=3)


@given(moves_between, labellings, st.integers(1, 6))
@settings(max_examples=300, deadline=None)
def test_sources_equal_exact_fractions(moves: list[Move], labels: dict[int, int], hop_limit: int) -> None:
    layout = CellLayout(("a", "b", "c"), hop_limit)
    result = source_pass(annotated(moves), pools(labels), categories=CATEGORIES, hop_limit=hop_limit)
    assert_exact(result, [m.receiver for m in moves], moves, exact_parts(moves, labels, layout), layout)


@given(moves_between, labellings, st.integers(1, 6))
@settings(max_examples=300, deadline=None)
def test_destinations_equal_exact_fractions(
    moves: list[Move], labels: dict[int, int], hop_limit: int
) -> None:
    layout = CellLayout(("a", "b", "c"), hop_limit)
    result = destination_pass(annotated(moves), pools(labels), categories=CATEGORIES, hop_limit=hop_limit)
    assert_exact(result, [m.sender for m in moves], moves, exact_ends(moves, labels, layout), layout)


THIEF, WORKER, VICTIM, SHOP = 0, 1, 2, 3


def test_three_stolen_then_seven_clean_makes_three_that_leave_nine_tenths_stolen() -> None:
    moves = [Move(THIEF, VICTIM, 3), Move(WORKER, VICTIM, 7), Move(VICTIM, SHOP, 3)]
    labels = {THIEF: 0, WORKER: 1}
    layout = CellLayout(("stolen", "clean", "other"), 4)
    result = source_pass(annotated(moves), pools(labels), categories=3, hop_limit=4)
    stolen, clean = layout.category(0, 2), layout.category(1, 2)
    assert result.shares.matrix(layout.width)[result.pool == SHOP, stolen] == pytest.approx(0.3, abs=1e-15)
    assert 3 * result.shares.matrix(layout.width)[result.pool == SHOP, stolen] == pytest.approx(
        0.9, abs=1e-15
    )
    assert result.shares.matrix(layout.width)[result.pool == SHOP, clean] == pytest.approx(0.7, abs=1e-15)


def test_own_money_coming_back_to_a_labelled_wallet_counts_at_its_first_step_only() -> None:
    moves = [Move(THIEF, VICTIM, 5), Move(VICTIM, THIEF, 5), Move(THIEF, SHOP, 5), Move(SHOP, WORKER, 5)]
    layout = CellLayout(("stolen", "b", "c"), 4)
    found = source_pass(annotated(moves), pools({THIEF: 0}), categories=3, hop_limit=4)
    of = dict(zip(found.pool.tolist(), found.shares.matrix(layout.width), strict=True))
    assert of[THIEF][layout.category(0, 2)] == 1.0
    assert of[SHOP][layout.category(0, 1)] == 1.0
    assert of[WORKER][layout.category(0, 2)] == 1.0


def test_a_hub_of_equal_deposits_loses_no_digits() -> None:
    count = 400_000
    hub = [Move(THIEF, VICTIM, 10**17 + 1), Move(WORKER, VICTIM, 3 * 10**16 + 7)] * (count // 2)
    flows = annotated([*hub, Move(VICTIM, SHOP, 10**16)])
    layout = CellLayout(("stolen", "clean", "c"), 2)
    found = source_pass(flows, pools({THIEF: 0, WORKER: 1}), categories=3, hop_limit=2)
    of = dict(zip(found.pool.tolist(), found.shares.matrix(layout.width), strict=True))
    stolen = float(Fraction(10**17 + 1, 10**17 + 1 + 3 * 10**16 + 7))
    assert of[VICTIM][layout.category(0, 1)] == pytest.approx(stolen, abs=1e-15)
    assert of[SHOP][layout.category(0, 2)] == pytest.approx(stolen, abs=1e-15)


def test_dust_left_behind_by_a_send_keeps_its_weight() -> None:
    moves = [Move(THIEF, VICTIM, 10**18 + 3), Move(VICTIM, SHOP, 10**18), Move(WORKER, VICTIM, 5)]
    moves.append(Move(VICTIM, 4, 8))
    layout = CellLayout(("stolen", "clean", "c"), 2)
    found = source_pass(annotated(moves), pools({THIEF: 0, WORKER: 1}), categories=3, hop_limit=2)
    of = dict(zip(found.pool.tolist(), found.shares.matrix(layout.width), strict=True))
    assert of[4][layout.category(0, 2)] == pytest.approx(3 / 8, abs=1e-15)


def test_an_annotation_that_does_not_fit_its_pool_is_refused() -> None:
    flows = annotated([Move(THIEF, VICTIM, 10), Move(VICTIM, SHOP, 5)])
    wrong = flows._replace(send_share=flows.send_share * 0.9)
    with pytest.raises(Unequal, match="place 1 of the ledger"):
        source_pass(wrong, pools({}), categories=3, hop_limit=4)
    wrong = flows._replace(kept=flows.kept * 0.9)
    with pytest.raises(Unequal, match="place 0 of the ledger"):
        destination_pass(wrong, pools({}), categories=3, hop_limit=4)


def test_no_transfers_make_no_rows() -> None:
    for found in (
        source_pass(annotated([]), pools({}), categories=3, hop_limit=4),
        destination_pass(annotated([]), pools({}), categories=3, hop_limit=4),
    ):
        assert len(found.shares) == len(found.combined) == 0
