"""What strangers make a library say fills no disk."""

import logging

from app.logs import LINES_A_MINUTE, MAX_MESSAGES, FloodFilter


def line(message: str, at: float) -> logging.LogRecord:
    record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, message, None, None)
    record.created = at
    return record


def test_the_first_lines_of_a_minute_pass_and_the_next_minute_says_how_many_were_left_out() -> None:
    flood = FloodFilter()
    written = [flood.filter(line("Invalid HTTP request received.", 60.0)) for _ in range(1_000)]
    assert written == [True] * LINES_A_MINUTE + [False] * (1_000 - LINES_A_MINUTE)
    assert flood.filter(line("another", 60.0))
    following = line("Invalid HTTP request received.", 121.0)
    assert flood.filter(following)
    assert following.getMessage().endswith(f"({1_000 - LINES_A_MINUTE} more such lines were left out)")


def test_messages_that_are_all_different_take_no_memory() -> None:
    flood = FloodFilter()
    for number in range(3 * MAX_MESSAGES):
        flood.filter(line(f"message {number}", 60.0))
    assert len(flood._counts) <= MAX_MESSAGES + 1
