"""Labels in the record: the current ones by page, and the history of one wallet."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.cursors import decode_cursor, encode_cursor
from app.labels.answers import CurrentLabel, LabelHistory, RecordedLabel
from app.labels.effective import EffectiveLabel, effective_labels
from app.labels.wallets import OF_WALLET, wallet_parameters
from app.policy.label_rules import LabelRules
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class LabelPage:
    """One page of the current labels; `total` is None where nobody asked how many match in all.

    `last_id` is the `after` of the next page; None on the last page.
    """

    labels: list[CurrentLabel]
    last_id: int | None
    total: int | None


def current_labels(
    postgres: Postgres,
    rules: LabelRules,
    *,
    wallet: str | None,
    source: str | None,
    category: str | None,
    tag: str | None = None,
    limit: int,
    after: int | None = None,
    with_total: bool = False,
) -> LabelPage:
    """The labels that are recorded and not removed, by chain, address and source: one page of them.

    Args:
        postgres: the record.
        rules: what of the policy decides which label is effective.
        wallet: only labels of an address, or of `chain:address`.
        source: only labels of this source.
        category: only labels of this category.
        tag: only labels of this tag.
        limit: labels on the page.
        after: the id of the label that the page begins after.
        with_total: also count all that match.

    Raises:
        InvalidInput: no address looks like this.
    """
    filters = {**wallet_parameters(wallet), "source": source, "category": category, "tag": tag}
    parameters = {**filters, "limit": limit + 1, "after": after}
    with postgres.transaction(snapshot=True) as connection:
        rows = connection.execute(_CURRENT, parameters).all()
        on_page = rows[:limit]
        total = int(connection.execute(_COUNT, parameters).scalar_one()) if with_total else None
        effective = effective_labels(
            connection,
            as_of=connection.execute(text("SELECT clock_timestamp()")).scalar_one(),
            rules=rules,
            addresses={row.address for row in on_page},
        )
    statements = {_statement(label) for label in effective}
    labels = [
        CurrentLabel(**_fields(row), effective=row.tag is None and _statement(row) in statements)
        for row in on_page
    ]
    return LabelPage(labels, on_page[-1].label_id if len(rows) > limit else None, total)


def label_sources(postgres: Postgres) -> dict[str, int]:
    """The sources of current labels, and how many labels each has."""
    with postgres.transaction() as connection:
        return {row.source: row.labels for row in connection.execute(_SOURCES)}


def label_history(connection: Connection, reference: str) -> list[RecordedLabel]:
    """Every label a wallet ever had, in the order they were recorded.

    Raises:
        InvalidInput: no address looks like this.
    """
    rows = connection.execute(_HISTORY, wallet_parameters(reference))
    return [RecordedLabel(**_fields(row)) for row in rows]


def label_history_page(
    connection: Connection, reference: str, limit: int, cursor: str | None, *, with_total: bool = False
) -> LabelHistory:
    """A page of the same, for the API.

    Raises:
        InvalidInput: no address looks like this, or the text is not a cursor of this list.
    """
    filters = wallet_parameters(reference)
    after = None if cursor is None else decode_cursor(cursor, 1)[0]
    rows = connection.execute(_HISTORY_PAGE, {**filters, "after": after, "limit": limit + 1}).all()
    return LabelHistory(
        labels=[RecordedLabel(**_fields(row)) for row in rows[:limit]],
        next=encode_cursor(rows[limit - 1].label_id) if len(rows) > limit else None,
        total=int(connection.execute(_COUNT_HISTORY, filters).scalar_one()) if with_total else None,
    )


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RecordedLabel.model_fields}


def _statement(label: Row[Any] | EffectiveLabel) -> tuple[object, ...]:
    """What a label states, whichever way it was read."""
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
    chain, address, tag, category, name, source, confidence, valid_from, valid_to, recorded_at, removed_at
"""
_FILTERED = f"""
    FROM labels WHERE removed_at IS NULL AND source = coalesce(:source, source)
    AND (CAST(:category AS text) IS NULL OR category = :category)
    AND (CAST(:tag AS text) IS NULL OR tag = :tag) AND {OF_WALLET}
"""
_ORDER = """chain COLLATE "C", address COLLATE "C", source, coalesce(category, ''), name, coalesce(tag, '')"""
_CURRENT = text(f"""
    SELECT label_id, {_FIELDS} {_FILTERED}
    AND (CAST(:after AS bigint) IS NULL OR ({_ORDER}) > (SELECT {_ORDER} FROM labels WHERE label_id = :after))
    ORDER BY {_ORDER} LIMIT :limit
""")  # noqa: S608 - constants of the code
_COUNT = text(f"SELECT count(*) {_FILTERED}")
_SOURCES = text("""
    SELECT source, count(*) AS labels FROM labels WHERE removed_at IS NULL GROUP BY source ORDER BY source
""")
_HISTORY = text(f"""
    SELECT {_FIELDS} FROM labels WHERE {OF_WALLET} ORDER BY recorded_at, label_id
""")  # noqa: S608 - constants of the code
_HISTORY_PAGE = text(f"""
    SELECT label_id, {_FIELDS} FROM labels WHERE {OF_WALLET} AND (
        CAST(:after AS bigint) IS NULL
        OR (recorded_at, label_id) > (SELECT recorded_at, label_id FROM labels WHERE label_id = :after)
    )
    ORDER BY recorded_at, label_id LIMIT :limit
""")  # noqa: S608 - constants of the code
_COUNT_HISTORY = text(f"SELECT count(*) FROM labels WHERE {OF_WALLET}")  # noqa: S608 - likewise
