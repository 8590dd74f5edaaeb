"""The current labels, out of the record."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text


class ExportedLabel(NamedTuple):
    """A current label; times are ISO 8601 in UTC or empty."""

    chain: str
    address: str
    category: str
    name: str
    source: str
    confidence: int
    valid_from: str
    valid_to: str
    tag: str = ""


def current_rows(connection: Connection, source: str | None) -> Iterator[ExportedLabel]:
    """Every label that is recorded and not removed, or those of one source; by source, chain and address."""
    for row in connection.execution_options(yield_per=10_000).execute(_CURRENT, {"source": source}):
        since, until = (
            "" if moment is None else moment.isoformat() for moment in (row.valid_from, row.valid_to)
        )
        yield ExportedLabel(
            row.chain,
            row.address,
            row.category or "",
            row.name,
            row.source,
            row.confidence,
            since,
            until,
            row.tag or "",
        )


_CURRENT = text("""
    SELECT chain, address, category, name, source, confidence, valid_from, valid_to, tag
    FROM labels
    WHERE removed_at IS NULL AND (CAST(:source AS text) IS NULL OR source = :source)
    ORDER BY source COLLATE "C", chain COLLATE "C", address COLLATE "C", coalesce(category, ''), name,
        coalesce(tag, '')
""")
