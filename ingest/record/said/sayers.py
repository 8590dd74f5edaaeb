"""The imports whose messages are in a batch: their numbers, and which of them are undone."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

# Shared until the batch ends: an import that is undone meanwhile waits for the batch, and then sees its rows.
_KNOWN = text("""
    SELECT import_id, import_number, undone_at IS NOT NULL AS is_undone FROM imports
    WHERE import_id = ANY(:ids ::text[]) ORDER BY import_number FOR SHARE
""")
# A record of before the import, as from a backup: the message alone tells of it.
_ADD = text("""
    INSERT INTO imports (import_id) SELECT * FROM unnest(:ids ::text[]) ON CONFLICT (import_id) DO NOTHING
""")


def sayers(connection: Connection, import_ids: Sequence[str | None]) -> tuple[dict[int, int], set[int]]:
    """The import's number of each position that an import sent, and the positions whose import is undone.

    Those are as if they had never been sent.
    """
    named = {each for each in import_ids if each is not None}
    if not named:
        return {}, set()
    known = {row.import_id: row for row in connection.execute(_KNOWN, {"ids": sorted(named)})}
    if unknown := sorted(named - known.keys()):
        connection.execute(_ADD, {"ids": unknown})
        known |= {row.import_id: row for row in connection.execute(_KNOWN, {"ids": unknown})}
    numbers = {
        position: known[each].import_number for position, each in enumerate(import_ids) if each is not None
    }
    undone = {
        position for position, each in enumerate(import_ids) if each is not None and known[each].is_undone
    }
    return numbers, undone
