"""The size of batches: near the target, bounded, steady."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.consumer.fetcher import MIN_BATCH_MESSAGES, next_batch_size

MAX_MESSAGES = 4_000


def grown(
    size: int, seconds_per_message: float, fixed_seconds: float, batches: int, *, max_messages: int
) -> int:
    """The size after so many full batches on a record with this speed."""
    for _ in range(batches):
        seconds = fixed_seconds + size * seconds_per_message
        size = next_batch_size(size, size, seconds, target_seconds=0.5, max_messages=max_messages)
    return size


@given(
    start=st.integers(1, 100_000),
    per_message=st.floats(1e-6, 0.1),
    fixed=st.floats(0, 0.1),
    max_messages=st.integers(1, 100_000),
)
def test_full_batches_come_to_take_the_target_within_the_bounds(
    start: int, per_message: float, fixed: float, max_messages: int
) -> None:
    size = grown(start, per_message, fixed, 60, max_messages=max_messages)
    ideal = (0.5 - fixed) / per_message
    smallest = min(MIN_BATCH_MESSAGES, max_messages)
    assert smallest <= size <= max_messages
    assert size in (smallest, max_messages) or abs(size - ideal) <= max(2, ideal * 0.02)


@given(
    size=st.integers(1, 100_000),
    messages=st.integers(1, 100_000),
    seconds=st.floats(0, 1e6),
    max_messages=st.integers(1, 100_000),
)
def test_one_step_never_leaves_the_bounds(
    size: int, messages: int, seconds: float, max_messages: int
) -> None:
    after = next_batch_size(size, messages, seconds, target_seconds=0.5, max_messages=max_messages)
    assert min(MIN_BATCH_MESSAGES, max_messages) <= after <= max_messages
    assert after >= min(max_messages, size // 2)
    assert after <= max(2 * size, MIN_BATCH_MESSAGES)


def test_a_fast_full_batch_lets_the_next_be_twice_as_large_at_most() -> None:
    assert next_batch_size(1_000, 1_000, 0.001, target_seconds=0.5, max_messages=MAX_MESSAGES) == 2_000
    assert next_batch_size(3_000, 3_000, 0.001, target_seconds=0.5, max_messages=MAX_MESSAGES) == MAX_MESSAGES


def test_a_batch_that_was_not_full_does_not_let_it_grow() -> None:
    assert next_batch_size(1_000, 999, 0.001, target_seconds=0.5, max_messages=MAX_MESSAGES) == 1_000


def test_one_stall_halves_it_and_no_more() -> None:
    assert (
        next_batch_size(MAX_MESSAGES, 10, 3_600, target_seconds=0.5, max_messages=MAX_MESSAGES)
        == MAX_MESSAGES // 2
    )


def test_a_slow_record_shrinks_it_in_proportion() -> None:
    assert next_batch_size(1_000, 1_000, 0.625, target_seconds=0.5, max_messages=MAX_MESSAGES) == 800
