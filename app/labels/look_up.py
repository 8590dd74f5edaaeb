"""What the record holds about wallets' labels, today and ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.labels.effective import EffectiveLabel, effective_labels
from app.labels.wallets import OF_WALLET, named_wallets
from app.postgres import Postgres


@dataclass(frozen=True, slots=True)
class RecordedLabel:
    """A label with when it was recorded, and when it was removed if it was."""

    chain: str
    address: str
    category: str | None
    name: str
    source: str
    confidence: int
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Labels of now, whether each speaks for its wallet, and how many there are in all."""

    total: int
    labels: list[RecordedLabel]
    speaks: list[bool]


def current_labels(
    postgres: Postgres,
    severities: Mapping[str, float],
    *,
    wallet: str | None,
    source: str | None,
    category: str | None,
    limit: int,
) -> Listing:
    """The labels that are recorded and not removed, by chain, address and source.

    Args:
        postgres: the record.
        severities: of the policy's categories; they decide which label speaks.
        wallet: only those of an address, or of `chain:address`.
        source: only those of this source.
        category: only those of this category.
        limit: how many to list.

    Raises:
        InvalidInput: no address looks like this.
    """
    given = {**named_wallets(wallet), "source": source, "category": category, "limit": limit}
    with postgres.transaction(snapshot=True) as connection:
        found = connection.execute(_CURRENT, given).all()
        labels = [RecordedLabel(*row[1:]) for row in found]
        speaking = effective_labels(
            connection,
            as_of=connection.execute(text("SELECT clock_timestamp()")).scalar_one(),
            severities=severities,
            addresses={label.address for label in labels},
        )
    said = {_said(label) for label in speaking}
    return Listing(found[0].total if found else 0, labels, [_said(label) in said for label in labels])


def label_history(postgres: Postgres, wallet: str) -> list[RecordedLabel]:
    """Every label a wallet ever had, in the order they were recorded; raises InvalidInput for no address."""
    with postgres.transaction() as connection:
        return [RecordedLabel(*row) for row in connection.execute(_HISTORY, named_wallets(wallet))]


def _said(label: RecordedLabel | EffectiveLabel) -> tuple[object, ...]:
    """What a label says, whichever way it was read."""
    return (
        label.chain,
        label.address,
        label.category,
        label.name,
        label.source,
        label.confidence,
        label.valid_from,
        label.valid_to,
    )


_FIELDS = """
    chain, address, category, name, source, confidence, valid_from, valid_to, recorded_at, removed_at
"""
_CURRENT = text(f"""
    SELECT count(*) OVER () AS total, {_FIELDS} FROM labels
    WHERE removed_at IS NULL AND source = coalesce(:source, source)
    AND (CAST(:category AS text) IS NULL OR category = :category) AND {OF_WALLET}
    ORDER BY chain COLLATE "C", address COLLATE "C", source, category, name LIMIT :limit
""")  # noqa: S608 - constants of the code
_HISTORY = text(f"""
    SELECT {_FIELDS} FROM labels WHERE {OF_WALLET} ORDER BY recorded_at, label_id
""")  # noqa: S608 - constants of the code
