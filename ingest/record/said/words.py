"""Who said a transfer: noted where more than one did and one of them is an import (decision 37).

A transfer that one import said, or producers alone, needs no row: `transactions.import_number` tells.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

PRODUCERS: Final = 0
"""Stands for all producers, whose words nobody undoes."""

_FIRST = text("""
    INSERT INTO import_words (transfer_id, import_number, observed_at)
    SELECT * FROM unnest(:ids ::bigint[], :imports ::int[], :observed_at ::timestamptz[])
        k (transfer_id, import_number, observed_at)
    ON CONFLICT DO NOTHING
""")
# One who is alone in saying a transfer has no row, and gets none for saying it again.
_REPEATED = text("""
    INSERT INTO import_words AS w (transfer_id, import_number, observed_at)
    SELECT k.transfer_id, k.import_number, k.observed_at
    FROM unnest(:ids ::bigint[], :imports ::int[], :observed_at ::timestamptz[], :others ::boolean[])
        k (transfer_id, import_number, observed_at, is_another)
    WHERE k.is_another
        OR (SELECT true FROM import_words o WHERE o.transfer_id = k.transfer_id LIMIT 1)
    ON CONFLICT (transfer_id, import_number) DO UPDATE
        SET observed_at = greatest(w.observed_at, excluded.observed_at)
""")


class Said(NamedTuple):
    """A recorded transfer is said again by an import, or by a producer (None).

    `first` is who is known to have said it, and `seen` when it was seen last before this batch.
    """

    transfer_id: int
    by: int | None
    observed_at: datetime | None
    first: int | None
    seen: datetime | None


def note_words(connection: Connection, said: Sequence[Said]) -> None:
    """Notes who has said these transfers, and when each saw it last."""
    if not said:
        return
    first: dict[int, Said] = {}
    latest: dict[tuple[int, int], datetime | None] = {}
    for word in said:
        by = word.by or PRODUCERS
        if by != (word.first or PRODUCERS):
            first.setdefault(word.transfer_id, word)
        seen = [each for each in (latest.get((word.transfer_id, by)), word.observed_at) if each is not None]
        latest[word.transfer_id, by] = max(seen, default=None)
    if first:
        connection.execute(
            _FIRST,
            {
                "ids": list(first),
                "imports": [word.first or PRODUCERS for word in first.values()],
                "observed_at": [word.seen for word in first.values()],
            },
        )
    connection.execute(
        _REPEATED,
        {
            "ids": [transfer_id for transfer_id, _ in latest],
            "imports": [by for _, by in latest],
            "observed_at": list(latest.values()),
            "others": [transfer_id in first for transfer_id, _ in latest],
        },
    )
