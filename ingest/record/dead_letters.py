"""Refused messages into the record."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

STORED_PAYLOAD_BYTES = 65_536
_COLUMNS = ("topic", "partition", "offset", "reason", "detail", "message_key", "payload", "payload_bytes")

_ADD = text("""
    INSERT INTO dead_letters
        (topic, partition, "offset", reason, detail, message_key, payload, payload_bytes)
    SELECT * FROM unnest(
        :topic ::text[], :partition ::int[], :offset ::bigint[], :reason ::text[], :detail ::text[],
        :message_key ::bytea[], :payload ::bytea[], :payload_bytes ::bigint[])
    ON CONFLICT DO NOTHING RETURNING reason
""")


def store_dead_letters(connection: Connection, letters: Sequence[dict[str, Any]]) -> list[str]:
    """Stores refused messages; one that is there already is left as it is.

    Returns:
        The reasons of those that are new.
    """
    if not letters:
        return []
    arrays = {name: [letter[name] for letter in letters] for name in _COLUMNS}
    return list(connection.execute(_ADD, arrays).scalars())
