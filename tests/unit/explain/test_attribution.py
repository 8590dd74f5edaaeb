"""The points of listed paths and of what is not listed add up to the stored points, to the millionth."""

from hypothesis import given
from hypothesis import strategies as st

from app.explain.attribution import Cell, SharePoints, attribute
from app.policy.points import points_of

MIXER_2: Cell = ("source", "mixer", 2)
SCAM_1: Cell = ("destination", "scam", 1)
MINT_1: Cell = ("source", "mint_burn", 1)
WEIGHTS = {MIXER_2: 56_000_000, SCAM_1: 90_000_000, MINT_1: 0}


def test_a_path_that_is_the_whole_exposure_gets_all_of_its_points_and_leaves_nothing() -> None:
    stored = SharePoints(0.25, points_of(0.25, WEIGHTS[MIXER_2]))
    found = attribute({MIXER_2: stored}, WEIGHTS, [(MIXER_2, 0.25)])
    assert found.points == [14_000_000]
    assert found.not_listed == {"source": SharePoints(0.0, 0), "destination": SharePoints(0, 0)}
    assert found.exceeded == []


def test_what_no_path_lists_keeps_its_share_and_points() -> None:
    cells = {MIXER_2: SharePoints(0.25, 14_000_000), SCAM_1: SharePoints(0.1, 9_000_000)}
    found = attribute(cells, WEIGHTS, [(MIXER_2, 0.125)])
    assert found.points == [7_000_000]
    assert found.not_listed == {
        "source": SharePoints(0.125, 7_000_000),
        "destination": SharePoints(0.1, 9_000_000),
    }


def test_a_category_of_severity_0_has_paths_without_points_and_exceeds_nothing() -> None:
    found = attribute({}, WEIGHTS, [(MINT_1, 1.0)])
    assert (found.points, found.exceeded) == ([0], [])


def test_paths_that_carry_more_than_the_run_found_are_named_and_never_pass_its_points() -> None:
    found = attribute({MIXER_2: SharePoints(0.25, 14_000_000)}, WEIGHTS, [(MIXER_2, 0.2), (MIXER_2, 0.2)])
    assert sum(found.points) == 14_000_000
    assert found.exceeded == [MIXER_2]
    assert found.not_listed["source"] == SharePoints(0.0, 0)


def test_a_path_to_a_category_the_run_did_not_find_is_named() -> None:
    found = attribute({}, WEIGHTS, [(SCAM_1, 0.5)])
    assert (found.points, found.exceeded) == ([0], [SCAM_1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 30))
def test_listed_and_not_listed_points_add_up_exactly_however_many_paths_are_listed(
    parts: list[float], listed: int
) -> None:
    whole = sum(parts) or 1.0
    shares = [part / whole for part in parts]
    total = sum(shares)
    stored = SharePoints(total, points_of(total, WEIGHTS[MIXER_2]))
    found = attribute({MIXER_2: stored}, WEIGHTS, [(MIXER_2, share) for share in shares[:listed]])
    assert sum(found.points) + found.not_listed["source"].points == stored.points
    assert min(found.points, default=0) >= 0
    assert found.not_listed["source"].points >= 0
    assert found.not_listed["source"].share >= 0
    assert found.exceeded == []
