"""Alerts in the record: causes open them or join them, in the transaction of what was judged."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from sqlalchemy import Connection, text

from app.alerts.evaluate import Cause, Judged
from app.alerts.listing import read_alert
from app.alerts.webhooks.messages import tell
from app.answers.base import WalletName
from app.faults import fault_point
from app.stores.postgres import now

log = structlog.get_logger()

OPENED, UPDATED = "alert.opened", "alert.updated"


def raise_alerts(
    connection: Connection,
    wallet: WalletName,
    judged: Judged,
    causes: Iterable[Cause],
    evidence: Callable[[], dict[str, Any]],
) -> int:
    """Records the causes that are new and tells every endpoint; returns how many were.

    Each opens an alert of its rule, or joins the one that is not closed. The caller holds what makes two
    judgements of one wallet come one after the other: its row, or the run lock.
    """
    recorded = 0
    for cause in causes:
        parameters = {
            "chain": wallet.chain,
            "address": wallet.address,
            "rule": cause.rule.name,
            "cause": _key(connection, wallet, judged, cause),
            "detail": cause.detail,
            "sentence": cause.rule.sentence,
            "retrospective": cause.retrospective,
            "usd_value": cause.usd_value,
            "risk_level": judged.risk_level,
            "policy_digest": judged.policy_digest,
            "run_id": judged.run_id,
            "screening_id": judged.screening_id,
            "watermark": judged.watermark,
        }
        if connection.execute(_IS_KNOWN, parameters).scalar():
            continue
        alert_id = connection.execute(_OPEN, parameters).scalar()
        event_type = UPDATED
        if alert_id is None:
            kept = json.dumps(evidence())
            alert_id = connection.execute(_INSERT, {**parameters, "evidence": kept}).scalar_one()
            event_type = OPENED
        connection.execute(_CAUSE, {**parameters, "alert_id": alert_id})
        connection.execute(_JOIN, {**parameters, "alert_id": alert_id})
        told = read_alert(connection, alert_id).model_dump(mode="json")
        data = {**told, "cause": {"cause": parameters["cause"], "detail": cause.detail}}
        tell(connection, event_type, str(wallet), data, now(connection))
        log.info(event_type.replace(".", "_"), alert_id=alert_id, rule=cause.rule.name)
        recorded += 1
        fault_point("inside_an_alerts_transaction")
    return recorded


def _key(connection: Connection, wallet: WalletName, judged: Judged, cause: Cause) -> str:
    """The key of a cause; what was set, ceased and is set again is another cause than the first time."""
    if not cause.key.startswith(("flag:", "rule:")):
        return cause.key
    parameters = {
        "chain": wallet.chain,
        "address": wallet.address,
        "rule": cause.rule.name,
        "cause": cause.key,
    }
    return f"{cause.key}:{judged.by}" if connection.execute(_IS_KNOWN, parameters).scalar() else cause.key


_IS_KNOWN = text("""
    SELECT EXISTS (SELECT FROM alert_causes
        WHERE chain = :chain AND address = :address AND rule = :rule AND cause = :cause)
""")
_OPEN = text("""
    SELECT alert_id FROM alerts
    WHERE chain = :chain AND address = :address AND rule = :rule AND status <> 'closed' FOR UPDATE
""")
_INSERT = text("""
    INSERT INTO alerts (rule, chain, address, sentence, risk_level, retrospective, policy_digest, evidence)
    VALUES (:rule, :chain, :address, :sentence, :risk_level, :retrospective, :policy_digest,
        CAST(:evidence AS jsonb))
    RETURNING alert_id
""")
_CAUSE = text("""
    INSERT INTO alert_causes (alert_id, rule, chain, address, cause, detail, retrospective, usd_value, run_id,
        screening_id, watermark)
    VALUES (:alert_id, :rule, :chain, :address, :cause, :detail, :retrospective, :usd_value, :run_id,
        :screening_id, :watermark)
""")
_JOIN = text("""
    UPDATE alerts SET causes = causes + 1, last_seen_at = clock_timestamp(), changed_at = clock_timestamp(),
        risk_level = :risk_level,
        usd_value = CASE WHEN CAST(:usd_value AS numeric) IS NULL THEN usd_value
            ELSE coalesce(usd_value, 0) + :usd_value END
    WHERE alert_id = :alert_id
""")
