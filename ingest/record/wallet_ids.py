"""The ids of a batch's wallets; those that the record does not know are added."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

from app.stores.arrays import array_of_texts

WalletKey = tuple[str, str]
"""(chain, address)."""

_IDS = text("""
    SELECT w.wallet_id
    FROM unnest(:chains ::text[], :addresses ::text[]) WITH ORDINALITY k (chain, address, number)
    LEFT JOIN wallets w ON (w.chain, w.address) = (k.chain, k.address)
    ORDER BY k.number
""")
_ADD = text("""
    INSERT INTO wallets (chain, address, batch_id)
    SELECT chain, address, :batch_id
    FROM unnest(:chains ::text[], :addresses ::text[]) k (chain, address)
    ORDER BY chain, address  -- in one order everywhere, so that two batches do not deadlock
    ON CONFLICT DO NOTHING
    RETURNING chain, address, wallet_id
""")


def add_wallets(
    connection: Connection, batch_id: int, wallets: Iterable[WalletKey]
) -> tuple[dict[WalletKey, int], int]:
    """The id of each of these wallets, and how many of them this batch is the first to have."""
    # In order, so that look-ups go through the index once from left to right.
    keys = sorted(set(wallets))
    ids = _look_up(connection, keys)
    unknown = [key for key in keys if key not in ids]
    if not unknown:
        return ids, 0
    added = connection.execute(_ADD, {"batch_id": batch_id, **_arrays(unknown)}).all()
    ids.update(((chain, address), wallet_id) for chain, address, wallet_id in added)
    if len(added) < len(unknown):  # another partition's batch has added some meanwhile
        ids.update(_look_up(connection, [key for key in unknown if key not in ids]))
    return ids, len(added)


def _look_up(connection: Connection, keys: Sequence[WalletKey]) -> dict[WalletKey, int]:
    rows = connection.execute(_IDS, _arrays(keys)).scalars().all()
    return {key: wallet_id for key, wallet_id in zip(keys, rows, strict=True) if wallet_id is not None}


def _arrays(keys: Sequence[WalletKey]) -> dict[str, str]:
    return {
        "chains": array_of_texts(chain for chain, _ in keys),
        "addresses": array_of_texts(address for _, address in keys),
    }
