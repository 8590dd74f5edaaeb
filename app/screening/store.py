"""Screenings in the record: written once, numbered, and kept as long as the retention says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from app.answers.base import WalletName
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.answers.screenings import ForgottenReference, Screening, ScreeningList, ScreeningSummary
from app.domain import format_points
from app.errors import NotFound
from app.screening.request_keys import prune_keys
from app.stores.postgres import Postgres

PRUNED_AT_ONCE = 5_000
MAX_TOTAL = 10_000
"""A list counts no further."""


@dataclass(frozen=True)
class References:
    """The caller's names of a subject and of its customer."""

    reference: str | None = None
    customer_reference: str | None = None

    def __bool__(self) -> bool:
        return self.reference is not None or self.customer_reference is not None


@dataclass(frozen=True)
class ScreeningFilter:
    """Which screenings of a list are wanted."""

    wallet_chain: str | None = None
    addresses: Sequence[str] | None = None
    status: str | None = None
    risk_level: str | None = None
    flag: str | None = None
    cause: str | None = None
    customer_reference: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def reference_ids(connection: Connection, references: Sequence[References]) -> list[str | None]:
    """The random id under which each caller's references are kept; None where there are none."""
    wanted = {one for one in references if one}
    ids: dict[References, str] = {}
    for one in sorted(wanted, key=lambda each: (each.reference or "", each.customer_reference or "")):
        parameters = {"reference": one.reference, "customer_reference": one.customer_reference}
        ids[one] = str(connection.execute(_REFERENCE, parameters).scalar_one())
    return [ids.get(one) for one in references]


def insert(connection: Connection, screenings: Sequence[Screening]) -> None:
    """Writes screenings with their numbers."""
    rows = [_columns(one) for one in screenings]
    connection.execute(_INSERT, {name: [row[name] for row in rows] for name in rows[0]} if rows else {})


def update(connection: Connection, screening: Screening) -> None:
    """Writes the answer of a screening that was pending, or that its transfer was retracted."""
    connection.execute(_UPDATE, _columns(screening))


def read(connection: Connection, screening_id: int) -> Screening:
    """One screening as it was answered.

    Raises:
        NotFound: there is none of that number, or it is older than the retention.
    """
    row = connection.execute(_READ, {"screening_id": screening_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no screening {screening_id}. GET /v1/screenings lists them.")
    return Screening.model_validate(row.answer)


def page(
    connection: Connection,
    only: ScreeningFilter,
    limit: int,
    cursor: str | None,
    *,
    with_total: bool = False,
) -> ScreeningList:
    """A page of screenings, newest first.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    (before,) = (MAX_BIGINT,) if cursor is None else decode_cursor(cursor, 1)
    parameters = {
        "chain": only.wallet_chain,
        "addresses": None if only.addresses is None else list(only.addresses),
        "status": only.status,
        "risk_level": only.risk_level,
        "flag": only.flag,
        "cause": only.cause,
        "customer_reference": only.customer_reference,
        "since": only.since,
        "until": only.until,
        "before": before,
        "limit": limit + 1,
    }
    rows = connection.execute(_PAGE, parameters).all()
    total = None
    if with_total:
        total = connection.execute(
            _COUNT, {**parameters, "before": MAX_BIGINT, "limit": MAX_TOTAL}
        ).scalar_one()
    on_page = rows[:limit]
    return ScreeningList(
        screenings=[_summary(row) for row in on_page],
        next=encode_cursor(on_page[-1].screening_id) if len(rows) > limit else None,
        total=total,
    )


def pending(connection: Connection, limit: int) -> list[int]:
    """Screenings whose transfer had not been seen, oldest first."""
    return list(connection.execute(_PENDING, {"limit": limit}).scalars())


def references_of(connection: Connection, reference_id: str | None) -> References:
    """The caller's references behind a random id; none where they were erased."""
    if reference_id is None:
        return References()
    row = connection.execute(_REFERENCES_OF, {"reference_id": reference_id}).one_or_none()
    return References() if row is None else References(row.reference, row.customer_reference)


def wallets_of_customer(
    connection: Connection, customer_reference: str, before: int | None = None
) -> list[tuple[str, str]]:
    """Chain and address of the wallets that were screened with this customer's reference, before a number."""
    parameters = {"customer_reference": customer_reference, "before": before}
    rows = connection.execute(_WALLETS_OF_CUSTOMER, parameters)
    return [(row.chain, row.address) for row in rows]


def forget(
    connection: Connection, *, reference_id: UUID | None = None, text_value: str | None = None
) -> list[ForgottenReference]:
    """Erases references, by their random id or by their own text; the screenings stay and name nobody."""
    rows = connection.execute(_FORGET, {"reference_id": reference_id, "reference": text_value}).all()
    return [ForgottenReference(reference_id=str(row.reference_id), screenings=row.screenings) for row in rows]


def prune(connection: Connection, days: int, limit: int) -> int:
    """Deletes up to `limit` screenings older than so many days, and references nobody has any more."""
    deleted = connection.execute(_PRUNE, {"days": days, "limit": limit}).rowcount
    if deleted < limit:
        connection.execute(_PRUNE_REFERENCES)
        prune_keys(connection)
    return int(deleted)


def prune_all(postgres: Postgres, days: int) -> int:
    """Deletes every screening older than so many days, some in each transaction; returns how many."""
    deleted = 0
    while True:
        some = postgres.run(lambda connection: prune(connection, days, PRUNED_AT_ONCE))
        deleted += some
        if some < PRUNED_AT_ONCE:
            return deleted


def count_old(connection: Connection, days: int) -> int:
    """How many screenings are older than so many days."""
    return int(connection.execute(_COUNT_OLD, {"days": days}).scalar_one())


def _columns(one: Screening) -> dict[str, Any]:
    wallet = one.wallets[0].wallet_score.wallet if one.wallets else None
    transfer = one.transfer
    chain = wallet.chain if wallet else (transfer.chain if transfer else one.asked.get("chain"))
    address = wallet.address if wallet else (transfer.receiver if transfer else None)
    base = one.computed_from
    return {
        "screening_id": one.screening_id,
        "recorded_at": one.recorded_at,
        "answered_at": one.answered_at,
        "cause": one.cause,
        "subject": one.subject,
        "chain": chain,
        "address": address,
        "status": one.status,
        "risk_level": one.risk_level,
        "score": None if one.score is None else int(one.score.replace(".", "")),
        "flags": ",".join(one.flags),
        "main_reason": one.main_reason,
        "run_id": base.run.run_id if base and base.run else None,
        "watermark": base.watermark if base else None,
        "reference_id": one.reference_id,
        "answer": one.model_dump_json(),
    }


def _summary(row: Row[Any]) -> ScreeningSummary:
    is_named = row.chain is not None and row.address is not None
    return ScreeningSummary(
        screening_id=row.screening_id,
        recorded_at=row.recorded_at,
        cause=row.cause,
        subject=row.subject,
        wallet=WalletName(chain=row.chain, address=row.address) if is_named else None,
        status=row.status,
        risk_level=row.risk_level,
        score=None if row.score is None else format_points(row.score),
        flags=row.flags,
        main_reason=row.main_reason,
    )


_COLUMN_TYPES: Mapping[str, str] = {
    "screening_id": "bigint", "recorded_at": "timestamptz", "answered_at": "timestamptz", "cause": "text",
    "subject": "text", "chain": "text", "address": "text", "status": "text", "risk_level": "text",
    "score": "bigint", "flags": "text", "main_reason": "text", "run_id": "bigint", "watermark": "bigint",
    "reference_id": "uuid", "answer": "jsonb",
}  # fmt: skip
_NAMES = ", ".join(_COLUMN_TYPES)
_VALUES = ", ".join(
    "string_to_array(new.flags, ',')" if name == "flags" else f"new.{name}" for name in _COLUMN_TYPES
)
_ARRAYS = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMN_TYPES.items())
_INSERT = text(f"""
    INSERT INTO screenings ({_NAMES}) SELECT {_VALUES} FROM unnest({_ARRAYS}) AS new ({_NAMES})
""")  # noqa: S608 - names of the code
_UPDATE = text("""
    UPDATE screenings SET answered_at = :answered_at, chain = :chain, address = :address, status = :status,
        risk_level = :risk_level, score = :score, flags = string_to_array(:flags, ','),
        main_reason = :main_reason, run_id = :run_id, watermark = :watermark, answer = CAST(:answer AS jsonb)
    WHERE screening_id = :screening_id
""")
_READ = text("SELECT answer FROM screenings WHERE screening_id = :screening_id")
_MATCHING = """
    FROM screenings s WHERE screening_id < :before
      AND (CAST(:addresses AS text[]) IS NULL OR address = ANY(CAST(:addresses AS text[])))
      AND (CAST(:chain AS text) IS NULL OR chain = :chain)
      AND (CAST(:status AS text) IS NULL OR status = :status)
      AND (CAST(:risk_level AS text) IS NULL OR risk_level = :risk_level)
      AND (CAST(:flag AS text) IS NULL OR :flag = ANY(flags))
      AND (CAST(:cause AS text) IS NULL OR cause = :cause)
      AND (CAST(:since AS timestamptz) IS NULL OR recorded_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR recorded_at < :until)
      AND (CAST(:customer_reference AS text) IS NULL OR reference_id IN (
            SELECT r.reference_id FROM screening_references r
            WHERE r.customer_reference = CAST(:customer_reference AS text)))
"""
_PAGE = text(f"""
    SELECT screening_id, recorded_at, cause, subject, chain, address, status, risk_level, score, flags,
        main_reason {_MATCHING} ORDER BY screening_id DESC LIMIT :limit
""")
_COUNT = text(f"SELECT count(*) FROM (SELECT {_MATCHING} LIMIT :limit) AS counted")  # noqa: S608 - likewise
_PENDING = text("""
    SELECT screening_id FROM screenings WHERE status = 'pending' ORDER BY screening_id LIMIT :limit
""")
_REFERENCE = text("""
    INSERT INTO screening_references (reference, customer_reference)
    VALUES (:reference, :customer_reference)
    ON CONFLICT (reference, customer_reference) DO UPDATE SET reference = excluded.reference
    RETURNING reference_id
""")
_REFERENCES_OF = text("""
    SELECT reference, customer_reference FROM screening_references
    WHERE reference_id = CAST(:reference_id AS uuid)
""")
_WALLETS_OF_CUSTOMER = text("""
    SELECT DISTINCT s.chain, s.address FROM screening_references r JOIN screenings s USING (reference_id)
    WHERE r.customer_reference = :customer_reference AND s.address IS NOT NULL AND s.chain IS NOT NULL
      AND (CAST(:before AS bigint) IS NULL OR s.screening_id < CAST(:before AS bigint))
""")
_FORGET = text("""
    WITH gone AS (
        DELETE FROM screening_references
        WHERE reference_id = CAST(:reference_id AS uuid) OR reference = CAST(:reference AS text)
           OR customer_reference = CAST(:reference AS text)
        RETURNING reference_id
    )
    SELECT reference_id, (SELECT count(*) FROM screenings s WHERE s.reference_id = gone.reference_id)
        AS screenings FROM gone
""")
_PRUNE = text("""
    DELETE FROM screenings WHERE screening_id IN (
        SELECT screening_id FROM screenings WHERE recorded_at < now() - make_interval(days => :days)
        ORDER BY recorded_at LIMIT :limit)
""")
_PRUNE_REFERENCES = text("""
    DELETE FROM screening_references r
    WHERE r.recorded_at < now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM screenings s WHERE s.reference_id = r.reference_id)
""")
_COUNT_OLD = text("""
    SELECT count(*) FROM screenings WHERE recorded_at < now() - make_interval(days => :days)
""")
