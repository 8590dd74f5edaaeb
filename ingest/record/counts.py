"""Counts of the record, kept where they change: a status reads them and counts no rows."""

from collections import Counter

from sqlalchemy import Connection, text

# Rows are locked until the transaction ends: it is the last thing a batch does, in the order of names.
_ADD = text("""
    INSERT INTO counts AS c (name, value)
    SELECT * FROM unnest(:names ::text[], :values ::bigint[]) k (name, value) ORDER BY name
    ON CONFLICT (name) DO UPDATE SET value = c.value + excluded.value
""")


def add_counts(connection: Connection, added: Counter[str]) -> None:
    """Adds to the counts of these names."""
    grown = +added
    if grown:
        connection.execute(_ADD, {"names": list(grown), "values": list(grown.values())})
