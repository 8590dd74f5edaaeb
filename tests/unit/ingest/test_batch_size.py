"""The size of batches: near the target, bounded, steady, and large enough to pay for what a batch costs."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.consumer.batch_size import (
    FIRST_BATCH_MESSAGES,
    MIN_BATCH_MESSAGES,
    MORE_WHILE_RESTATING,
    BatchSize,
)

MAX_MESSAGES = 4_000


def new(max_messages: int = MAX_MESSAGES) -> BatchSize:
    return BatchSize(target_seconds=0.5, max_messages=max_messages)


def after_full_batches(size: BatchSize, per_message: float, fixed: float, batches: int) -> int:
    """The size after so many full batches on a record with this speed."""
    for _ in range(batches):
        size.observe(size.messages, fixed + size.messages * per_message)
    return size.messages


@given(
    per_message=st.floats(1e-6, 0.1),
    fixed=st.floats(0, 0.1),
    max_messages=st.integers(1, 100_000),
)
def test_full_batches_come_to_take_the_target_within_the_bounds(
    per_message: float, fixed: float, max_messages: int
) -> None:
    size = after_full_batches(new(max_messages), per_message, fixed, 60)
    ideal = (0.5 - fixed) / per_message
    smallest = min(MIN_BATCH_MESSAGES, max_messages)
    assert smallest <= size <= max_messages
    assert size in (smallest, max_messages) or abs(size - ideal) <= max(2, ideal * 0.02)


@pytest.mark.parametrize(("fixed", "per_message"), [(0.7, 1e-4), (2, 1e-5), (1.5, 2e-4)])
def test_a_fixed_cost_above_the_target_does_not_let_the_size_collapse(
    fixed: float, per_message: float
) -> None:
    size, luck = new(), random.Random(7)
    for _ in range(200):
        size.observe(size.messages, (fixed + size.messages * per_message) * luck.uniform(0.9, 1.1))
    assert size.messages == MAX_MESSAGES  # 0.7 s + 0.1 ms: 3,636 messages/s instead of 71
    rate = size.messages / (fixed + size.messages * per_message)
    assert rate == pytest.approx(MAX_MESSAGES / (fixed + MAX_MESSAGES * per_message))


def test_a_fixed_cost_that_appears_and_goes_is_followed() -> None:
    size = new()
    assert after_full_batches(size, 1e-3, 0, 20) == pytest.approx(500, abs=10)
    assert after_full_batches(size, 1e-4, 0.7, 30) == MAX_MESSAGES
    assert after_full_batches(size, 1e-3, 0, 60) == pytest.approx(500, abs=10)


@given(
    steps=st.lists(st.tuples(st.integers(1, 100_000), st.floats(0, 1e6)), max_size=8),
    max_messages=st.integers(1, 100_000),
)
def test_one_step_never_leaves_the_bounds(steps: list[tuple[int, float]], max_messages: int) -> None:
    size = new(max_messages)
    for messages, seconds in steps:
        before = size.messages
        size.observe(messages, seconds)
        assert min(MIN_BATCH_MESSAGES, max_messages) <= size.messages <= max_messages
        assert size.messages >= min(max_messages, before // 2)
        assert size.messages <= max(2 * before, MIN_BATCH_MESSAGES)
        if messages < before:
            assert size.messages <= max(before, MIN_BATCH_MESSAGES)


def test_a_fast_full_batch_lets_the_next_be_twice_as_large_at_most() -> None:
    size = new()
    assert size.messages == FIRST_BATCH_MESSAGES == 1_000
    sizes = []
    for _ in range(3):
        size.observe(size.messages, 0.001)
        sizes.append(size.messages)
    assert sizes == [2_000, 4_000, MAX_MESSAGES]


def test_a_batch_that_was_not_full_does_not_let_it_grow() -> None:
    size = new()
    size.observe(999, 0.001)
    assert size.messages == 1_000


def test_one_stall_halves_it_and_no_more() -> None:
    size = new()
    after_full_batches(size, 1e-5, 0, 5)
    size.observe(10, 3_600)
    assert size.messages == MAX_MESSAGES // 2


def test_a_stall_is_forgotten() -> None:
    size = new()
    after_full_batches(size, 1e-4, 0.1, 20)
    size.observe(size.messages, 60)
    assert after_full_batches(size, 1e-4, 0.1, 60) == MAX_MESSAGES


def test_a_slow_record_shrinks_it_in_proportion() -> None:
    size = new()
    size.observe(1_000, 0.625)
    assert size.messages == 800


def after_restating_batches(size: BatchSize, fixed: float, per_message: float, batches: int) -> list[int]:
    """The sizes after each of so many full batches of late transfers, which restate 50 others each."""
    sizes = []
    for _ in range(batches):
        size.observe(size.messages, fixed + size.messages * per_message, restated=50 * size.messages)
        sizes.append(size.messages)
    return sizes


def test_a_historic_import_into_one_pool_takes_few_batches() -> None:
    size = new()
    after_full_batches(size, 1e-4, 0.05, 20)
    sizes = after_restating_batches(size, 30, 1e-4, 16)
    assert max(sizes) == sizes[-1] == MORE_WHILE_RESTATING * MAX_MESSAGES
    assert sum(sizes) > 250_000  # in batches of 4,000 it would take 63


def test_late_transfers_of_as_many_pools_do_not_let_it_grow() -> None:
    size = new()
    after_full_batches(size, 1e-4, 0.05, 20)
    sizes = after_restating_batches(size, 0, 1e-3, 30)
    assert max(sizes) <= MAX_MESSAGES
    assert sizes[-1] == pytest.approx(500, abs=10)


def test_after_late_transfers_the_size_is_what_it_was() -> None:
    size = new()
    before = after_full_batches(size, 2e-4, 0.1, 40)
    after_restating_batches(size, 30, 1e-4, 16)
    assert size.messages > MAX_MESSAGES
    assert after_full_batches(size, 2e-4, 0.1, 1) <= MAX_MESSAGES
    assert after_full_batches(size, 2e-4, 0.1, 40) == pytest.approx(before, rel=0.02)
