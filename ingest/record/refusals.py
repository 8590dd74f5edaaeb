"""Counts in the record how many messages in a row were refused, over all partitions."""

from collections.abc import Sequence
from itertools import takewhile

from sqlalchemy import Connection, text

from app.errors import InvalidEvent

# One row for all consumers: a batch of good messages writes it only if an earlier one had left a count.
_END = text("UPDATE refusals SET in_a_row = 0, reason = NULL, since = NULL WHERE in_a_row > 0")
_ADD = text("""
    UPDATE refusals SET in_a_row = in_a_row + :refused, reason = :reason,
        since = coalesce(since, clock_timestamp())
    RETURNING in_a_row
""")


def count_refusals(connection: Connection, outcomes: Sequence[str | InvalidEvent]) -> int:
    """Counts the refused messages at the end of a batch; a good one before them begins the count anew.

    Returns:
        How many in a row there are now.
    """
    last = [
        outcome
        for outcome in takewhile(lambda outcome: isinstance(outcome, InvalidEvent), reversed(outcomes))
        if isinstance(outcome, InvalidEvent)
    ]
    if len(last) < len(outcomes):
        connection.execute(_END)
    if not last:
        return 0
    counted: int = connection.execute(_ADD, {"refused": len(last), "reason": last[0].reason}).scalar_one()
    return counted
