"""What touched a wallet since a run: its own transfers and labels, and the policy."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Row, text

from app.answers.scores import Freshness
from app.errors import InvalidInput
from app.input_files import read_input
from app.policy.policy import POLICY_YAML
from app.record.wallets import KnownWallet

MAX_COUNTED: Final = 1_000


def digest_of_policy(path: Path) -> str | None:
    """The digest of the policy that the next run would use; None of a file that cannot be read."""
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
    transfers = int(connection.execute(_TRANSFERS, parameters).scalar_one())
    labels = int(connection.execute(_LABELS, parameters).scalar_one())
    policy_changed = policy_digest is not None and policy_digest != run.policy_digest
    return Freshness(
        stale=bool(transfers or labels or policy_changed),
        transfers=min(transfers, MAX_COUNTED),
        labels=labels,
        policy_changed=policy_changed,
    )


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
    return [f"Changed since this run: {', '.join(changes)}. Run scoring again to include it."]


_IS_END = "(t.sender_id = :wallet_id OR t.receiver_id = :wallet_id)"
_TRANSFERS = text(f"""
    SELECT count(*) FROM (
        (SELECT transfer_id FROM transactions
         WHERE sender_id = :wallet_id AND batch_id > :watermark LIMIT :limit)
        UNION
        (SELECT transfer_id FROM transactions
         WHERE receiver_id = :wallet_id AND batch_id > :watermark LIMIT :limit)
        UNION
        (SELECT transfer_id FROM transactions t
         WHERE retracted_batch_id > :watermark AND {_IS_END} LIMIT :limit)
        UNION
        (SELECT t.transfer_id FROM absences a JOIN transactions t USING (transfer_id)
         WHERE a.returned_batch_id > :watermark AND {_IS_END} LIMIT :limit)
    ) AS changed
""")  # noqa: S608 - a constant of this file
_LABELS = text("""
    SELECT count(*) FILTER (
            WHERE recorded_at > :as_of OR removed_at > :as_of
            OR (valid_from > :as_of AND valid_from <= clock_timestamp())
            OR (valid_to > :as_of AND valid_to <= clock_timestamp())
        )
    FROM labels WHERE address = :address AND chain = :chain
""")
