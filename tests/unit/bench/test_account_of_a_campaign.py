"""The account of a campaign of faults finds what is lost, and every hole that is wrong or untold."""

import pytest

from bench.campaign.account import (
    MADE_ANEW,
    RETENTION,
    Acknowledged,
    Content,
    Hole,
    Made,
    Series,
    account,
    untold_holes,
    wrong_holes,
)

FIRST, UNSEEN, LAST = "first", "unseen", "last"
MADE = Made([FIRST, UNSEEN, LAST])
TWO_SERIES = (Series(0, 1, FIRST), Series(0, 2, LAST))
ANEW = Hole(0, 1, MADE_ANEW, 5, None)


def message(key: str, topic: str = FIRST, offset: int = 5, amount: int | None = 7) -> Acknowledged:
    return Acknowledged(key, amount, (topic,), 0, offset, is_first=True)


def held(
    amounts: dict[str, int] | None = None,
    holes: tuple[Hole, ...] = (),
    series: tuple[Series, ...] = TWO_SERIES,
    dead: frozenset[tuple[int, int, int]] = frozenset(),
) -> Content:
    return Content(amounts or {}, dead, series, holes)


def test_what_is_recorded_is_not_lost_and_may_differ() -> None:
    found = account([message("a"), message("b")], held({"a": 7, "b": 8}), MADE)
    assert (found.lost, found.differing, found.in_holes) == ((), ("b",), 0)


@pytest.mark.parametrize(
    ("topic", "offset", "is_told"), [(FIRST, 5, True), (FIRST, 4, False), (UNSEEN, 0, True), (LAST, 9, False)]
)
def test_a_topic_made_anew_holds_what_its_offset_and_the_topics_between_say(
    topic: str, offset: int, *, is_told: bool
) -> None:
    found = account([message("a", topic, offset)], held(holes=(ANEW,)), MADE)
    assert found.lost == (() if is_told else ("a",))


@pytest.mark.parametrize(("offset", "is_told"), [(2, True), (3, True), (4, False)])
def test_retention_holds_what_is_between_its_offsets(offset: int, *, is_told: bool) -> None:
    hole = Hole(0, 1, RETENTION, 2, 4)
    found = account([message("a", offset=offset)], held(holes=(hole,)), MADE)
    assert found.lost == (() if is_told else ("a",))


def test_a_broken_message_is_a_dead_letter_of_its_own_series() -> None:
    broken = message('{"broken": 1}', LAST, 3, None)
    assert not account([broken], held(dead=frozenset({(0, 2, 3)})), MADE).lost
    assert account([broken], held(dead=frozenset({(0, 1, 3), (1, 2, 3)})), MADE).lost


def test_holes_that_nobody_made_or_that_are_told_twice_are_wrong() -> None:
    made = Made([FIRST, LAST], {(FIRST, 0): 4})
    assert not wrong_holes([], held(holes=(ANEW, Hole(0, 1, RETENTION, 2, 4))), made)
    for wrong in (
        (Hole(0, 2, MADE_ANEW, 0, None),),
        (Hole(0, 1, RETENTION, 2, 5),),
        (Hole(0, 2, RETENTION, 2, 4),),
        (Hole(0, 1, "kafka_behind", 2, 4),),
        (ANEW, ANEW._replace(from_offset=6)),
    ):
        assert wrong_holes([], held(holes=wrong), made)


def test_a_hole_of_what_is_recorded_is_wrong_unless_it_was_sent_twice() -> None:
    hole = Hole(0, 1, RETENTION, 2, 6)
    made = Made([FIRST, LAST], {(FIRST, 0): 6})
    assert wrong_holes([message("a")], held({"a": 7}, (hole,)), made)
    assert not wrong_holes([message("a")._replace(is_first=False)], held({"a": 7}, (hole,)), made)


def test_a_topic_made_anew_without_a_hole_is_untold() -> None:
    assert untold_holes(held(), MADE)
    assert not untold_holes(held(holes=(ANEW,)), MADE)
    assert untold_holes(held(series=(Series(0, 1, FIRST), Series(1, 1, LAST))), MADE)
