"""Rows of watched wallets as what was judged before, and the transfers that came since."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from app.alerts.evaluate import Judged, Moved

REFERENCES: Final = "w.reference, w.customer_reference"
MAX_LOOKED_AT: Final = 1_000
"""Newest transfers of one pool and way that are looked at."""


def judged_before(row: Row[Any]) -> Judged | None:
    """What was last judged of a watched wallet; None when nothing was."""
    if row.judged_at is None:
        return None
    return Judged(
        row.risk_level,
        row.score,
        frozenset(row.flags),
        frozenset(row.rules),
        row.watermark,
        row.as_of,
        row.policy_digest,
        row.run_id,
        row.screening_id,
    )


def keep_judged(connection: Connection, watched_id: object, judged: Judged) -> None:
    """Makes a judgement the one that the next is compared with."""
    connection.execute(_KEEP, {"watched_id": watched_id, **_columns(judged)})


def was_relabelled(
    connection: Connection, before: Judged, judged: Judged, until: datetime | None = None
) -> bool:
    """Whether labels or the policy changed between two judgements, or up to a time."""
    if before.policy_digest != judged.policy_digest:
        return True
    parameters = {"since": before.as_of, "until": until or judged.as_of}
    return bool(connection.execute(_RELABELLED, parameters).scalar())


def moved_since(
    connection: Connection, wallet_id: int, since: int, until: int, usd_at_least: Decimal
) -> list[Moved]:
    """The wallet's priced transfers of batches after `since`, up to `until`, of that worth or more."""
    parameters = {
        "wallet_id": wallet_id,
        "since": since,
        "until": until,
        "usd": usd_at_least,
        "limit": MAX_LOOKED_AT,
    }
    return [Moved(*row) for row in connection.execute(_MOVED, parameters)]


def _columns(judged: Judged) -> Mapping[str, object]:
    return {
        "risk_level": judged.risk_level,
        "score": judged.score,
        "flags": sorted(judged.flags),
        "rules": sorted(judged.rules),
        "watermark": judged.watermark,
        "as_of": judged.as_of,
        "policy_digest": judged.policy_digest,
        "run_id": judged.run_id,
        "screening_id": judged.screening_id,
    }


_KEEP = text("""
    UPDATE watched_wallets SET risk_level = :risk_level, score = :score, flags = :flags, rules = :rules,
        watermark = :watermark, as_of = :as_of, policy_digest = :policy_digest, run_id = :run_id,
        screening_id = :screening_id, judged_at = clock_timestamp()
    WHERE watched_id = :watched_id
""")
_RELABELLED = text("""
    SELECT EXISTS (SELECT FROM labels WHERE (recorded_at > :since AND recorded_at <= :until)
        OR (removed_at > :since AND removed_at <= :until) OR (valid_from > :since AND valid_from <= :until)
        OR (valid_to > :since AND valid_to <= :until))
""")
_MOVED = text("""
    WITH sides AS (
        SELECT s.transfer_id, s.way FROM pools p CROSS JOIN LATERAL (
            (SELECT transfer_id, revision, 'out' AS way FROM flows WHERE send_pool_id = p.pool_id
             ORDER BY seq DESC LIMIT :limit)
            UNION ALL
            (SELECT transfer_id, revision, 'in' FROM flows WHERE recv_pool_id = p.pool_id
             ORDER BY seq DESC LIMIT :limit)
        ) AS s WHERE p.wallet_id = :wallet_id AND p.last_batch_id > :since AND s.revision > :since
    )
    SELECT t.chain, t.transaction_hash, t.transfer_index, t.usd_value, s.way
    FROM sides s JOIN transactions t USING (transfer_id)
    WHERE t.batch_id > :since AND t.batch_id <= :until AND t.usd_value >= :usd ORDER BY t.transfer_id
""")
