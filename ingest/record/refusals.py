"""Counts in the record how many messages in a row were refused, over all partitions."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from app.errors import InvalidEvent
from ingest.contract.reasons import FOREIGN

# One row for all consumers: a batch of good messages writes it only if an earlier one had left a count.
_END = text("UPDATE refusals SET in_a_row = 0, reason = NULL, since = NULL WHERE in_a_row > 0")
_ADD = text("""
    UPDATE refusals SET in_a_row = in_a_row + :refused, reason = :reason,
        since = coalesce(since, clock_timestamp())
    RETURNING in_a_row
""")
_NOW = text("SELECT in_a_row FROM refusals")


def count_refusals(connection: Connection, outcomes: Sequence[str | InvalidEvent]) -> int:
    """Counts the refused messages at the end of a batch; a good one before them begins the count anew.

    Messages of other programs count neither way: no producer of transfers is wrong.

    Returns:
        How many in a row there are now.
    """
    last = []
    for outcome in reversed(outcomes):
        if not isinstance(outcome, InvalidEvent):
            connection.execute(_END)
            break
        if outcome.reason not in FOREIGN:
            last.append(outcome)
    if not last:
        return int(connection.execute(_NOW).scalar_one()) if outcomes and _is_foreign(outcomes[-1]) else 0
    counted: int = connection.execute(_ADD, {"refused": len(last), "reason": last[0].reason}).scalar_one()
    return counted


def _is_foreign(outcome: str | InvalidEvent) -> bool:
    return isinstance(outcome, InvalidEvent) and outcome.reason in FOREIGN
