"""`Idempotency-Key` of requests that screen: the same request again is answered, and records nothing."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from app.answers.screenings import Screening
from app.errors import KeyReused

KEPT_DAYS = 7
"""A key is forgotten by the first pruning after so many days."""
_REUSED = "This Idempotency-Key is that of the request of screening {screening_id}, which had another body."


class RequestKey(NamedTuple):
    """The key of a request, and a digest of its body."""

    key: str
    digest: str


class RequestRecorded(Exception):
    """Another transaction has recorded the same request meanwhile."""


def screenings_of(connection: Connection, key: RequestKey) -> list[Screening] | None:
    """What was recorded under this key, in the order of the request; None if nothing was.

    Raises:
        KeyReused: by a request with another body.
    """
    rows = connection.execute(_READ, {"key": key.key}).all()
    if not rows:
        return None
    if rows[0].request_digest != key.digest:
        raise KeyReused(_REUSED.format(screening_id=rows[0].screening_id), name="Idempotency-Key")
    return [Screening.model_validate(row.answer) for row in rows if row.answer is not None]


def take_key(connection: Connection, key: RequestKey, screenings: Sequence[Screening]) -> None:
    """Writes that these screenings are of this key.

    Raises:
        RequestRecorded: it was taken meanwhile.
    """
    parameters = {
        "key": key.key,
        "digest": key.digest,
        "screening_ids": [one.screening_id for one in screenings],
    }
    if not connection.execute(_TAKE, parameters).rowcount:
        raise RequestRecorded


def prune_keys(connection: Connection) -> None:
    """Forgets keys that are older than KEPT_DAYS."""
    connection.execute(_PRUNE, {"days": KEPT_DAYS})


_READ = text("""
    SELECT r.request_digest, ids.screening_id, s.answer
    FROM screening_requests r
    CROSS JOIN LATERAL unnest(r.screening_ids) WITH ORDINALITY AS ids (screening_id, place)
    LEFT JOIN screenings s ON s.screening_id = ids.screening_id
    WHERE r.idempotency_key = :key ORDER BY ids.place
""")
_TAKE = text("""
    INSERT INTO screening_requests (idempotency_key, request_digest, screening_ids)
    VALUES (:key, :digest, :screening_ids) ON CONFLICT (idempotency_key) DO NOTHING
""")
_PRUNE = text("DELETE FROM screening_requests WHERE recorded_at < now() - make_interval(days => :days)")
