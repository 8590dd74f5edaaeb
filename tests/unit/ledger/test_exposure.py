"""The ledger pass against the same pass in plain Python and exact fractions."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Unequal
from app.ledger import workspace
from app.ledger.cells import CellLayout
from app.ledger.exposure import PassResult, destination_pass, source_pass
from app.ledger.kernels import Flows
from tests.support.ledgers.plain import (
    Move,
    Name,
    annotated,
    exact_destinations,
    exact_sources,
    largest_difference,
    names_of,
    pools_of,
)

OWNERS = (0, 1, 2, 3, 4, 4, 4, 5)
"""Eight pools of six wallets, one of which has three."""
CATEGORIES = 3
SOME = CellLayout(("stolen", "clean", "other"), 4)

amounts = st.one_of(st.integers(1, 9), st.integers(1, 10**30), st.sampled_from([1, 2**256 - 1]))
pools = st.integers(0, len(OWNERS) - 1)
moves_between = st.lists(
    st.builds(Move, pools, pools, amounts, st.sampled_from([0, 1, 7])).filter(
        lambda m: m.sender != m.receiver
    ),
    max_size=40,
).map(lambda moves: [with_hops(move) for move in moves])
labellings = st.dictionaries(st.sampled_from(OWNERS), st.integers(0, CATEGORIES - 1), max_size=3)


def with_hops(move: Move) -> Move:
    """The move, without a hop where its money stays with its owner."""
    hops = int(OWNERS[move.sender] != OWNERS[move.receiver])
    return Move(move.sender, move.receiver, move.amount, move.usd, hops)


def traced_sources(
    moves: Sequence[Move], labels: dict[int, int], layout: CellLayout, owners: Sequence[int] = OWNERS
) -> PassResult:
    return source_pass(annotated(moves), pools_of(owners, labels, layout), layout)


def traced_destinations(
    moves: Sequence[Move], labels: dict[int, int], layout: CellLayout, owners: Sequence[int] = OWNERS
) -> PassResult:
    return destination_pass(annotated(moves), pools_of(owners, labels, layout), layout)


def assert_exact(
    moves: list[Move], labels: dict[int, int], layout: CellLayout, owners: Sequence[int] = OWNERS
) -> None:
    for result, own, parts in (
        (
            traced_sources(moves, labels, layout, owners),
            [move.receiver for move in moves],
            exact_sources(moves, owners, labels, layout.hop_limit),
        ),
        (
            traced_destinations(moves, labels, layout, owners),
            [move.sender for move in moves],
            exact_destinations(moves, owners, labels, layout.hop_limit),
        ),
    ):
        difference = largest_difference(
            result, own=own, moves=moves, parts=parts, owners=owners, layout=layout
        )
        assert difference <= 1e-12


@given(moves_between, labellings, st.integers(1, 6))
@settings(max_examples=300, deadline=None)
def test_both_directions_equal_exact_fractions(
    moves: list[Move], labels: dict[int, int], hop_limit: int
) -> None:
    assert_exact(moves, labels, CellLayout(("a", "b", "c"), hop_limit))


WIDE = CellLayout(tuple(f"c{number}" for number in range(200)), 15)


@given(
    st.lists(
        st.builds(Move, st.integers(0, 39), st.integers(0, 39), st.integers(1, 9), st.integers(0, 9)).filter(
            lambda m: m.sender != m.receiver
        ),
        min_size=60,
        max_size=100,
    ),
    st.dictionaries(st.integers(0, 39), st.integers(0, 199), max_size=20),
)
@settings(max_examples=20, deadline=None)
def test_both_directions_are_exact_with_15_hops_and_200_categories(
    moves: list[Move], labels: dict[int, int]
) -> None:
    assert_exact(moves, labels, WIDE, range(40))


def test_money_is_followed_over_15_hops_and_no_further() -> None:
    moves = [Move(pool, pool + 1, 7, 1) for pool in range(17)]
    assert_exact(moves, {0: 199}, WIDE, range(18))
    result = traced_sources(moves, {0: 199}, WIDE, range(18))
    cells = [names_of(WIDE)[cell] for cell in result.shares.cell]
    assert cells == [*((199, hop) for hop in range(1, 16)), ("beyond", 0), ("beyond", 0)]


def test_a_step_without_a_hop_keeps_the_hops_of_its_money_and_counts_in_no_total() -> None:
    moves = [Move(0, 1, 5), Move(1, 2, 5, hops=0), Move(2, 3, 5), Move(3, 4, 8, hops=0), Move(4, 5, 8)]
    owners = (0, 1, 1, 2, 2, 3)
    sources = traced_sources(moves, {0: 0}, SOME, owners)
    names = names_of(SOME)
    assert sources.pool.tolist() == [1, 3, 5]
    assert [names[cell] for cell in sources.shares.cell] == [(0, 1), (0, 2), ("residual", 1), (0, 3)]
    assert sources.shares.share.tolist() == [1.0, 1.0, 3 / 8, 5 / 8]
    ends = traced_destinations(moves, {3: 1}, SOME, owners)
    assert ends.pool.tolist() == [0, 2, 4]
    assert [names[cell] for cell in ends.shares.cell] == [(1, 3), (1, 2), (1, 1)]


TWO_ASSETS = tuple(pool // 2 for pool in range(14))
"""The owners of 14 pools: each of seven wallets has one of each asset."""
LABELS = {0: 0, 1: 1}
QUIET = {2, 3, 4}
"""Wallets that a test leaves alone from some moment on."""


WALLETS = range(7)


def busy(
    seed: int, transfers: int, *, receivers: Sequence[int] = WALLETS, senders: Sequence[int] = WALLETS
) -> list[Move]:
    """Priced transfers between few pools of two assets: hundreds of each."""
    chance = Random(seed)
    moves = [
        Move(
            2 * chance.choice(senders) + asset,
            2 * chance.choice(receivers) + asset,
            chance.randrange(1, 10**12),
            chance.randrange(1, 10**6),
        )
        for asset in (chance.randrange(2) for _ in range(transfers))
    ]
    return [move for move in moves if move.sender != move.receiver]


def bits(result: PassResult, wallets: Iterable[int] = WALLETS) -> dict[str, list[tuple[int, float]]]:
    """Cells and shares, to the last bit, of these wallets' pools and of the wallets."""
    found = {}
    for kind, numbers, rows in (
        ("pool", result.pool.tolist(), result.shares),
        ("wallet", result.wallet.tolist(), result.combined),
    ):
        for place, number in enumerate(numbers):
            if (TWO_ASSETS[number] if kind == "pool" else number) in wallets:
                row = rows.between(place, place + 1)
                found[f"{kind} {number}"] = list(zip(row.cell.tolist(), row.share.tolist(), strict=True))
    return found


seeds = st.integers(0, 2**32)


@given(seeds, st.integers(20, 1_500))
@settings(max_examples=20, deadline=None)
def test_later_transfers_change_no_bit_of_a_row_they_do_not_reach(seed: int, count: int) -> None:
    before = busy(seed, count)
    later = busy(seed + 1, 1_500, receivers=[wallet for wallet in WALLETS if wallet not in QUIET])
    alone = traced_sources(before, LABELS, SOME, TWO_ASSETS)
    followed = traced_sources(before + later, LABELS, SOME, TWO_ASSETS)
    assert bits(alone, QUIET)
    assert bits(alone, QUIET) == bits(followed, QUIET)
    assert bits(alone) != bits(followed)


@given(seeds, st.integers(20, 1_500))
@settings(max_examples=20, deadline=None)
def test_earlier_transfers_change_no_bit_of_a_destination_they_do_not_start_at(seed: int, count: int) -> None:
    earlier = busy(seed, 1_500, senders=[wallet for wallet in WALLETS if wallet not in QUIET])
    whole = annotated(earlier + busy(seed + 1, count))
    last = Flows(*(column[len(earlier) :] for column in whole))
    pools = pools_of(TWO_ASSETS, LABELS, SOME)
    alone, preceded = (destination_pass(flows, pools, SOME) for flows in (last, whole))
    assert bits(alone, QUIET)
    assert bits(alone, QUIET) == bits(preceded, QUIET)
    assert bits(alone) != bits(preceded)


@given(seeds, st.integers(20, 1_500))
@settings(max_examples=20, deadline=None)
def test_transfers_of_two_assets_give_the_same_bits_in_whatever_order_they_come(
    seed: int, count: int
) -> None:
    moves = busy(seed, count)
    one_after_the_other = sorted(moves, key=lambda move: move.sender % 2)
    for trace in (traced_sources, traced_destinations):
        assert bits(trace(moves, LABELS, SOME, TWO_ASSETS)) == bits(
            trace(one_after_the_other, LABELS, SOME, TWO_ASSETS)
        )


@given(seeds, st.integers(20, 1_500))
@settings(max_examples=20, deadline=None)
def test_the_order_of_a_wallets_assets_changes_no_bit_of_its_sum(seed: int, count: int) -> None:
    moves = busy(seed, count)
    swapped = [Move(move.sender ^ 1, move.receiver ^ 1, move.amount, move.usd) for move in moves]
    for trace in (traced_sources, traced_destinations):
        one, other = (trace(some, LABELS, SOME, TWO_ASSETS).combined for some in (moves, swapped))
        assert one.cell.tolist() == other.cell.tolist()
        assert one.share.tolist() == other.share.tolist()


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_rows_that_run_out_of_space_get_more_and_the_same_bits(seed: int) -> None:
    moves = busy(seed, 1_500)
    for trace in (traced_sources, traced_destinations):
        plenty = trace(moves, LABELS, SOME, TWO_ASSETS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(workspace, "EXPECTED_CELLS", 0)
            scarce = trace(moves, LABELS, SOME, TWO_ASSETS)
        assert bits(plenty) == bits(scarce)


def test_pools_must_be_numbered_by_owner() -> None:
    moves = [Move(0, 1, 5), Move(1, 2, 5)]
    with pytest.raises(ValueError, match="side by side"):
        traced_sources(moves, {}, SOME, (0, 1, 0))


THIEF, WORKER, VICTIM, SHOP = 0, 1, 2, 3


def shares_of(result: PassResult, pool: int) -> dict[Name, float]:
    """The shares of a pool by category (or residual) and hop."""
    place = result.pool.tolist().index(pool)
    row = result.shares.between(place, place + 1)
    return dict(zip((names_of(SOME)[cell] for cell in row.cell), row.share.tolist(), strict=True))


def test_three_stolen_then_seven_clean_makes_three_that_leave_nine_tenths_stolen() -> None:
    moves = [Move(THIEF, VICTIM, 3), Move(WORKER, VICTIM, 7), Move(VICTIM, SHOP, 3)]
    shares = shares_of(traced_sources(moves, {THIEF: 0, WORKER: 1}, SOME), SHOP)
    assert shares == pytest.approx({(0, 2): 0.3, (1, 2): 0.7}, abs=1e-15)
    assert 3 * shares[0, 2] == pytest.approx(0.9, abs=1e-15)


def test_own_money_coming_back_to_a_labelled_wallet_counts_at_its_first_step_only() -> None:
    moves = [Move(THIEF, VICTIM, 5), Move(VICTIM, THIEF, 5), Move(THIEF, SHOP, 5), Move(SHOP, WORKER, 5)]
    result = traced_sources(moves, {THIEF: 0}, SOME)
    assert shares_of(result, THIEF) == {(0, 2): 1.0}
    assert shares_of(result, SHOP) == {(0, 1): 1.0}
    assert shares_of(result, WORKER) == {(0, 2): 1.0}


def test_a_hub_of_equal_deposits_loses_no_digits() -> None:
    count = 400_000
    hub = [Move(THIEF, VICTIM, 10**17 + 1), Move(WORKER, VICTIM, 3 * 10**16 + 7)] * (count // 2)
    result = traced_sources([*hub, Move(VICTIM, SHOP, 10**16)], {THIEF: 0, WORKER: 1}, SOME)
    stolen = float(Fraction(10**17 + 1, 10**17 + 1 + 3 * 10**16 + 7))
    assert shares_of(result, VICTIM)[0, 1] == pytest.approx(stolen, abs=1e-15)
    assert shares_of(result, SHOP)[0, 2] == pytest.approx(stolen, abs=1e-15)


def test_dust_left_behind_by_a_send_keeps_its_weight() -> None:
    moves = [Move(THIEF, VICTIM, 10**18 + 3), Move(VICTIM, SHOP, 10**18), Move(WORKER, VICTIM, 5)]
    moves.append(Move(VICTIM, 4, 8))
    result = traced_sources(moves, {THIEF: 0, WORKER: 1}, SOME)
    assert shares_of(result, 4)[0, 2] == pytest.approx(3 / 8, abs=1e-15)


def test_an_annotation_that_does_not_fit_its_pool_is_refused() -> None:
    flows, pools = annotated([Move(THIEF, VICTIM, 10), Move(VICTIM, SHOP, 5)]), pools_of(OWNERS, {}, SOME)
    with pytest.raises(Unequal, match="place 1 of the ledger"):
        source_pass(flows._replace(send_share=flows.send_share * 0.9), pools, SOME)
    with pytest.raises(Unequal, match="place 0 of the ledger"):
        destination_pass(flows._replace(kept=flows.kept * 0.9), pools, SOME)


def test_no_transfers_make_no_rows() -> None:
    for trace in (traced_sources, traced_destinations):
        result = trace([], {}, SOME)
        assert len(result.shares) == len(result.combined) == 0
