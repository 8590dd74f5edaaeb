"""Transfers of blocks that are imported again with other content (docs/imports.md)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from app.domain import Retraction
from app.stores.copy_writer import copy_plain_rows

FIRST_TOKEN, FIRST_TOKEN_OF_CONTENT, FIRST_CALL, FIRST_CALL_OF_CONTENT, FEE = (
    1,
    16_384,
    32_768,
    49_152,
    65_535,
)
"""Transfer indices (docs/event.md); those of content come from sources without an order."""
NOWHERE: Final = (1, 0)

_OTHERS = text("""
    SELECT import_number, offsets, published_at IS NOT NULL AS is_published FROM imports
    WHERE undone_at IS NULL AND is_of_blocks AND digest IS DISTINCT FROM :digest
""")
_IMPORTS = text("SELECT import_number, is_of_blocks FROM imports WHERE undone_at IS NULL")
_ANY = text("""
    SELECT true FROM transactions
    WHERE import_number = ANY(:imports ::int[]) AND is_superseded IS NULL
        AND block_number BETWEEN :first AND :last
    LIMIT 1
""")
_IMPORTED = text("""
    CREATE TEMP TABLE IF NOT EXISTS imported (
        transaction_hash text, transfer_index int, block_number int
    ) ON COMMIT DELETE ROWS
""")
_BLOCKS = text("""
    CREATE TEMP TABLE IF NOT EXISTS imported_blocks (block_number int PRIMARY KEY) ON COMMIT DELETE ROWS
""")
_INDEX = text("CREATE INDEX IF NOT EXISTS ix_imported ON imported (transaction_hash, transfer_index)")
_ANALYSE = text("ANALYZE imported, imported_blocks")
# The block as it is now does not have the transaction at this place, or the transaction lost the movement.
_GONE = text("""
    SELECT t.transaction_hash, t.transfer_index, t.block_number, a.asset
    FROM transactions t JOIN assets a USING (asset_id)
    WHERE t.import_number = ANY(:imports ::int[]) AND t.is_superseded IS NULL
        AND t.block_number BETWEEN :first AND :last AND t.retracted_batch_id IS NULL AND t.chain = :chain
        AND (t.transfer_index = 0
            OR t.transfer_index BETWEEN :first_token AND :last_token
                AND t.block_number BETWEEN :token_begin AND :token_end
            OR t.transfer_index BETWEEN :first_call AND :last_call
                AND t.block_number BETWEEN :call_begin AND :call_end)
        AND (t.import_number = ANY(:of_blocks ::int[]) OR EXISTS (
            SELECT FROM import_words w
            WHERE w.transfer_id = t.transfer_id AND w.import_number = ANY(:of_blocks ::int[])))
        AND EXISTS (SELECT FROM imported_blocks b WHERE b.block_number = t.block_number)
        AND NOT EXISTS (
            SELECT FROM imported i WHERE i.transaction_hash = t.transaction_hash
                AND i.transfer_index = t.transfer_index AND i.block_number = t.block_number)
        AND NOT EXISTS (
            SELECT FROM import_words w WHERE w.transfer_id = t.transfer_id AND w.import_number = 0)
    ORDER BY t.block_number, t.transaction_hash, t.transfer_index
""")


Place = tuple[str, int, int]
"""What tells one transfer of an import from others: its transaction, index and block."""


class Unread(NamedTuple):
    """Where the record must have come to before what earlier imports said is known; None: to the end."""

    offsets: dict[int, int] | None


def earlier_imports(connection: Connection, digest: str) -> list[Unread]:
    """Other imports of whole blocks, and what the consumer must have read of them."""
    return [
        Unread({int(p): int(last) for p, last in row.offsets.items()} if row.is_published else None)
        for row in connection.execute(_OTHERS, {"digest": digest})
    ]


def gone_transfers(
    connection: Connection,
    chain: str,
    blocks: Iterable[int],
    places: Iterable[Place],
    *,
    tokens: tuple[int, int] | None,
    calls: tuple[int, int] | None,
    seen_at: datetime,
) -> tuple[list[Retraction], int]:
    """Retractions of what earlier imports recorded of these blocks and `places` does not have.

    `tokens` and `calls` are the first and last block whose tokens and calls the import has. What a producer
    said too stays.

    Returns:
        The retractions, and in how many blocks they are.
    """
    imports = {row.import_number: row.is_of_blocks for row in connection.execute(_IMPORTS)}
    of_blocks = [number for number, is_of_blocks in imports.items() if is_of_blocks]
    numbers = sorted(blocks)
    if not of_blocks or not numbers:
        return [], 0
    span = {"imports": list(imports), "first": numbers[0], "last": numbers[-1]}
    if connection.execute(_ANY, span).scalar() is None:
        return [], 0
    for statement in (_IMPORTED, _BLOCKS):
        connection.execute(statement)
    copy_plain_rows(connection, "imported_blocks", ("block_number",), ((number,) for number in numbers))
    copy_plain_rows(connection, "imported", ("transaction_hash", "transfer_index", "block_number"), places)
    connection.execute(_INDEX)
    connection.execute(_ANALYSE)
    (token_begin, token_end), (call_begin, call_end) = tokens or NOWHERE, calls or NOWHERE
    indices = {
        "first_token": FIRST_TOKEN,
        "last_token": FIRST_TOKEN_OF_CONTENT - 1,
        "first_call": FIRST_CALL,
        "last_call": FIRST_CALL_OF_CONTENT - 1,
    }
    spans = {
        "token_begin": token_begin,
        "token_end": token_end,
        "call_begin": call_begin,
        "call_end": call_end,
    }
    rows = connection.execute(
        _GONE, {"chain": chain, "of_blocks": of_blocks, **span, **indices, **spans}
    ).all()
    gone = [Retraction(chain, row.transaction_hash, row.asset, row.transfer_index, seen_at) for row in rows]
    return gone, len({row.block_number for row in rows})
