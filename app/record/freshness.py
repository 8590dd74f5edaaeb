"""What touched a wallet since a run: its own transfers and labels, the policy, and prices."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Row, text

from app.answers.scores import Freshness
from app.errors import InvalidInput
from app.input_files import read_input
from app.policy.policy import POLICY_YAML
from app.record.price_changes import prices_changed_since
from app.record.wallets import KnownWallet

MAX_COUNTED: Final = 1_000


def digest_of_policy(path: Path) -> str | None:
    """The digest of the policy that the next run would use; None of a file that cannot be read.

    A file that has not been written since it was read last is not read again.
    """
    try:
        known = path.stat()
    except OSError:
        return None
    return _digest(path, known.st_mtime_ns, known.st_size, known.st_ino)


@lru_cache(maxsize=8)
def _digest(path: Path, _written: int, _size: int, _inode: int) -> str | None:
    try:
        return sha256(read_input(path, POLICY_YAML.max_bytes, POLICY_YAML.when_larger)).hexdigest()
    except InvalidInput:
        return None


def read_freshness(
    connection: Connection, wallet: KnownWallet, run: Row[tuple[object, ...]], policy_digest: str | None
) -> Freshness:
    """Compares a run with what is recorded now; `policy_digest` None says nothing about the policy."""
    parameters = {
        "wallet_id": wallet.wallet_id,
        "watermark": run.watermark,
        "limit": MAX_COUNTED,
        "chain": wallet.chain,
        "address": wallet.address,
        "as_of": run.as_of,
    }
    transfers = _changed_transfers(connection, parameters)
    labels = int(connection.execute(_LABELS, parameters).scalar_one())
    policy_changed = policy_digest is not None and policy_digest != run.policy_digest
    prices_changed = prices_changed_since(connection, run.as_of)
    return Freshness(
        stale=bool(transfers or labels or policy_changed or prices_changed),
        transfers=min(transfers, MAX_COUNTED),
        labels=labels,
        policy_changed=policy_changed,
        prices_changed=prices_changed,
    )


def changed_transfers(connection: Connection, wallet_ids: Collection[int], watermark: int) -> dict[int, int]:
    """How many transfers of each wallet were stored, retracted or restored after a batch, at most 1,000."""
    if not wallet_ids:
        return {}
    parameters = {"wallet_ids": list(wallet_ids), "watermark": watermark, "limit": MAX_COUNTED}
    return {
        row.wallet_id: min(max(int(row.transfers), int(row.is_partial)), MAX_COUNTED)
        for row in connection.execute(_TRANSFERS_OF_MANY, parameters)
    }


def staleness_notes(freshness: Freshness | None) -> list[str]:
    """One sentence when something touched the wallet since the run; none else."""
    if freshness is None or not freshness.stale:
        return []
    changes = [
        f"{count}{'+' if count == MAX_COUNTED else ''} {name}{'' if count == 1 else 's'} of this wallet"
        for count, name in ((freshness.transfers, "transfer"), (freshness.labels, "label"))
        if count
    ]
    changes += ["the policy"] * freshness.policy_changed
    changes += ["prices or the registry of assets"] * freshness.prices_changed
    return [f"Changed since this run: {', '.join(changes)}. Run scoring again to include it."]


def _changed_transfers(connection: Connection, parameters: Mapping[str, object]) -> int:
    """How many of the wallet's transfers changed; 1 where the only one is behind all that is read."""
    row = connection.execute(_TRANSFERS, parameters).one()
    return max(int(row.transfers), int(row.is_partial))


_IS_END = "(t.sender_id = :wallet_id OR t.receiver_id = :wallet_id)"
# A batch writes its number into the pools that it changes, and only their newest transfers are looked at: an
# index of the transfers of each wallet by batch would cost every transfer two more entries.
_TRANSFERS_OF_ONE = f"""
    WITH sides AS (
        SELECT s.entries, s.recent FROM pools p CROSS JOIN LATERAL (
            SELECT count(*) AS entries, array_agg(transfer_id) FILTER (WHERE revision > :watermark) AS recent
            FROM (SELECT transfer_id, revision FROM flows WHERE send_pool_id = p.pool_id
                  ORDER BY seq DESC LIMIT :limit) AS newest
            UNION ALL
            SELECT count(*), array_agg(transfer_id) FILTER (WHERE revision > :watermark)
            FROM (SELECT transfer_id, revision FROM flows WHERE recv_pool_id = p.pool_id
                  ORDER BY seq DESC LIMIT :limit) AS newest
        ) AS s
        WHERE p.wallet_id = :wallet_id AND p.last_batch_id > :watermark
    )
    SELECT count(*) AS transfers,
        (SELECT coalesce(bool_or(entries = :limit), false) FROM sides) AS is_partial
    FROM (
        (SELECT t.transfer_id FROM sides CROSS JOIN LATERAL unnest(recent) AS r (transfer_id)
         JOIN transactions t USING (transfer_id) WHERE t.batch_id > :watermark LIMIT :limit)
        UNION
        (SELECT transfer_id FROM transactions t
         WHERE retracted_batch_id > :watermark AND {_IS_END} LIMIT :limit)
        UNION
        (SELECT t.transfer_id FROM absences a JOIN transactions t USING (transfer_id)
         WHERE a.returned_batch_id > :watermark AND {_IS_END} LIMIT :limit)
    ) AS changed
"""  # noqa: S608 - a constant of this file
_TRANSFERS = text(_TRANSFERS_OF_ONE)
_TRANSFERS_OF_MANY = text(f"""
    SELECT asked.wallet_id, counted.* FROM unnest(CAST(:wallet_ids AS bigint[])) AS asked (wallet_id)
    CROSS JOIN LATERAL ({_TRANSFERS_OF_ONE.replace(":wallet_id", "asked.wallet_id")}) AS counted
""")  # noqa: S608 - likewise
_LABELS = text("""
    SELECT count(*) FILTER (
            WHERE recorded_at > :as_of OR removed_at > :as_of
            OR (valid_from > :as_of AND valid_from <= clock_timestamp())
            OR (valid_to > :as_of AND valid_to <= clock_timestamp())
        )
    FROM labels WHERE address = :address AND chain = :chain AND tag IS NULL
""")
