"""The counts that ingestion keeps (`ingest.record.counts`)."""

from collections import Counter

from sqlalchemy import Connection, text

REFUSED = "refused."
"""Before the reason in the name of a count; the other names are `wallets`, `restated` and `retracted`."""

_ALL = text("SELECT name, value FROM counts")


def read_counts(connection: Connection) -> Counter[str]:
    """Every count by its name; one that nothing was counted of is 0."""
    return Counter({row.name: row.value for row in connection.execute(_ALL)})
