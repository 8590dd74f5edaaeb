"""Ranges of duplicates hold exactly the offsets of the messages that were some."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.record.duplicates import duplicate_ranges

messages = st.dictionaries(st.integers(0, 60), st.booleans()).map(lambda told: sorted(told.items()))


@given(messages)
def test_a_message_is_in_a_range_exactly_if_it_is_a_duplicate(told: list[tuple[int, bool]]) -> None:
    ranges = duplicate_ranges(told)
    for offset, is_duplicate in told:
        assert any(begin <= offset < end for begin, end in ranges) == is_duplicate
    bounds = [bound for each in ranges for bound in each]
    assert bounds == sorted(bounds)


def test_messages_that_follow_one_another_are_one_range() -> None:
    assert duplicate_ranges([(3, True), (4, True), (9, True), (10, False), (11, True)]) == [(3, 10), (11, 12)]
    assert duplicate_ranges([(1, False)]) == []
