"""The transfers of a batch in the temporary table `incoming`, from where statements read them."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from app.domain import Transfer
from app.stores.copy_writer import copy_lines

_STAGING = text("""
    CREATE TEMP TABLE IF NOT EXISTS incoming (
        position int, transfer_id bigint, chain text, transaction_hash text, transfer_index int,
        block_number int, transaction_index int, occurred_at timestamptz, sender text, receiver text,
        asset text, amount numeric, decimals smallint, usd_value numeric, block_hash text,
        observed_at timestamptz, initiator text, kind text, sender_tag text, receiver_tag text
    ) ON COMMIT DELETE ROWS
""")
_COLUMNS = (
    "position", "transfer_id", "chain", "transaction_hash", "transfer_index", "block_number",
    "transaction_index", "occurred_at", "sender", "receiver", "asset", "amount", "decimals", "usd_value",
    "block_hash", "observed_at", "initiator", "kind", "sender_tag", "receiver_tag",
)  # fmt: skip
_NULL = r"\N"


def stage(connection: Connection, arrived: Mapping[int, tuple[int, Transfer]]) -> set[str]:
    """Copies transfers, by transfer id, each with its position in the batch, into `incoming`.

    Returns:
        The hashes of transactions that come in more than one block.
    """
    connection.execute(_STAGING)
    several: set[str] = set()
    copy_lines(connection, "incoming", _COLUMNS, _copy_lines(arrived, several))
    return several


def _copy_lines(arrived: Mapping[int, tuple[int, Transfer]], several: set[str]) -> Iterator[str]:
    """The lines of COPY; adds to `several` the transactions that come in more than one block."""
    blocks: dict[str, str | int] = {}
    moments: dict[datetime | None, str] = {None: _NULL}
    for transfer_id, (position, t) in arrived.items():
        block_hash, decimals, usd_value = t.block_hash, t.decimals, t.usd_value
        block = t.block_number if block_hash is None else block_hash
        if blocks.setdefault(t.transaction_hash, block) != block:
            several.add(t.transaction_hash)
        # Most transfers share their moments with others of their block.
        if (occurred_at := moments.get(t.occurred_at)) is None:
            occurred_at = moments[t.occurred_at] = str(t.occurred_at)
        if (observed_at := moments.get(t.observed_at)) is None:
            observed_at = moments[t.observed_at] = str(t.observed_at)
        yield (
            f"{position}\t{transfer_id}\t{t.chain}\t{t.transaction_hash}\t{t.transfer_index}\t"
            f"{t.block_number}\t{t.transaction_index}\t{occurred_at}\t{t.sender}\t{t.receiver}\t"
            f"{t.asset}\t{t.amount}\t{_NULL if decimals is None else decimals}\t"
            f"{_NULL if usd_value is None else usd_value}\t{block_hash or _NULL}\t{observed_at}\t"
            f"{t.initiator or _NULL}\t{t.kind or _NULL}\t"
            f"{_escaped(t.sender_tag) or _NULL}\t{_escaped(t.receiver_tag) or _NULL}"
        )


def _escaped(tag: str | None) -> str | None:
    """A tag in COPY's text format: it holds no tab and no line end, but may hold a backslash."""
    return tag and tag.replace("\\", "\\\\")
