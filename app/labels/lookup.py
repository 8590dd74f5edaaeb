"""What the record holds about wallets' labels, today and ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from app.labels.answers import RecordedLabel, SpeakingLabel
from app.labels.effective import EffectiveLabel, effective_labels
from app.labels.wallets import OF_WALLET, named_wallets
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Listing:
    """Labels of now, and how many there are in all.

    `last` is where the next page begins: the id of the last one listed, None when there is no more.
    """

    total: int
    labels: list[SpeakingLabel]
    last: int | None


def current_labels(
    postgres: Postgres,
    severities: Mapping[str, float],
    *,
    wallet: str | None,
    source: str | None,
    category: str | None,
    limit: int,
    after: int | None = None,
) -> Listing:
    """The labels that are recorded and not removed, by chain, address and source.

    Args:
        postgres: the record.
        severities: of the policy's categories; they decide which label speaks.
        wallet: only those of an address, or of `chain:address`.
        source: only those of this source.
        category: only those of this category.
        limit: how many to list.
        after: only those behind the label of this id in the order; `total` still counts them all.

    Raises:
        InvalidInput: no address looks like this.
    """
    filters = {**named_wallets(wallet), "source": source, "category": category}
    given = {**filters, "limit": limit + 1, "after": after}
    with postgres.transaction(snapshot=True) as connection:
        found = connection.execute(_CURRENT, given).all()
        shown = found[:limit]
        total = connection.execute(_COUNT, given).scalar_one()
        speaking = effective_labels(
            connection,
            as_of=connection.execute(text("SELECT clock_timestamp()")).scalar_one(),
            severities=severities,
            addresses={row.address for row in shown},
        )
    said = {_said(label) for label in speaking}
    labels = [SpeakingLabel(**_fields(row), speaks=_said(row) in said) for row in shown]
    return Listing(total, labels, shown[-1].label_id if len(found) > limit else None)


def label_sources(postgres: Postgres) -> dict[str, int]:
    """Who says something now, and how many labels each has."""
    with postgres.transaction() as connection:
        return {row.source: row.labels for row in connection.execute(_SOURCES)}


def label_history(postgres: Postgres, wallet: str) -> list[RecordedLabel]:
    """Every label a wallet ever had, in the order they were recorded; raises InvalidInput for no address."""
    with postgres.transaction() as connection:
        found = connection.execute(_HISTORY, named_wallets(wallet))
        return [RecordedLabel(**_fields(row)) for row in found]


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RecordedLabel.model_fields}


def _said(label: Row[Any] | EffectiveLabel) -> tuple[object, ...]:
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
_FILTERED = f"""
    FROM labels WHERE removed_at IS NULL AND source = coalesce(:source, source)
    AND (CAST(:category AS text) IS NULL OR category = :category) AND {OF_WALLET}
"""
_PLACE = """chain COLLATE "C", address COLLATE "C", source, coalesce(category, ''), name"""
_CURRENT = text(f"""
    SELECT label_id, {_FIELDS} {_FILTERED}
    AND (CAST(:after AS bigint) IS NULL OR ({_PLACE}) > (SELECT {_PLACE} FROM labels WHERE label_id = :after))
    ORDER BY {_PLACE} LIMIT :limit
""")  # noqa: S608 - constants of the code
_COUNT = text(f"SELECT count(*) {_FILTERED}")
_SOURCES = text("""
    SELECT source, count(*) AS labels FROM labels WHERE removed_at IS NULL GROUP BY source ORDER BY source
""")
_HISTORY = text(f"""
    SELECT {_FIELDS} FROM labels WHERE {OF_WALLET} ORDER BY recorded_at, label_id
""")  # noqa: S608 - constants of the code
