"""Alerts read and changed by people: listed with filters, one with its causes, reviewed, closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from app.alerts.watched_rows import REFERENCES
from app.answers.alerts import Alert, AlertCause, AlertDetail, Alerts
from app.answers.base import WalletName
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.answers.names import AlertOutcome, AlertStatus
from app.errors import AlreadyOpen, InvalidInput, NotFound

MAX_CAUSES = 1_000


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are listed; None means any."""

    status: AlertStatus | None = None
    rule: str | None = None
    chain: str | None = None
    addresses: Sequence[str] | None = None
    customer_reference: str | None = None
    retrospective: bool | None = None


def read_alert(connection: Connection, alert_id: int) -> Alert:
    """One alert.

    Raises:
        NotFound: there is none of that number.
    """
    return _alert(_row(connection, alert_id))


def read_alert_detail(connection: Connection, alert_id: int) -> AlertDetail:
    """One alert with its causes and its evidence.

    Raises:
        NotFound: there is none of that number.
    """
    row = _row(connection, alert_id)
    causes = connection.execute(_CAUSES, {"alert_id": alert_id, "limit": MAX_CAUSES})
    listed = [
        AlertCause.model_validate({**each._asdict(), "usd_value": _usd(each.usd_value)}) for each in causes
    ]
    return AlertDetail(**dict(_alert(row)), listed_causes=listed, evidence=row.evidence)


def list_alerts(
    connection: Connection, limit: int, cursor: str | None, only: AlertFilter, *, with_total: bool = False
) -> Alerts:
    """Alerts, newest first."""
    newest = MAX_BIGINT if cursor is None else decode_cursor(cursor, 1)[0]
    parameters = {
        "newest": newest,
        "limit": limit + 1,
        "status": only.status,
        "rule": only.rule,
        "chain": only.chain,
        "addresses": None if only.addresses is None else list(only.addresses),
        "customer_reference": only.customer_reference,
        "retrospective": only.retrospective,
    }
    rows = connection.execute(_PAGE, parameters).all()
    return Alerts(
        alerts=[_alert(row) for row in rows[:limit]],
        next=encode_cursor(rows[limit].alert_id) if len(rows) > limit else None,
        total=connection.execute(_COUNT, parameters).scalar_one() if with_total else None,
    )


def change_alert(
    connection: Connection,
    alert_id: int,
    status: AlertStatus,
    outcome: AlertOutcome | None,
    note: str | None,
) -> Alert:
    """Sets an alert in review, closes it with an outcome, or opens it again.

    Raises:
        NotFound: there is none of that number.
        InvalidInput: closed without an outcome, or an outcome without being closed.
        AlreadyOpen: another one of the wallet and the rule is open.
    """
    if (status == "closed") != (outcome is not None):
        raise InvalidInput("A closed alert has an outcome, and no other has one.")
    row = _row(connection, alert_id, lock=True)
    wallet = {"chain": row.chain, "address": row.address, "rule": row.rule}
    is_reopened = row.status == "closed" and status != "closed"
    if is_reopened and (other := connection.execute(_OTHER, wallet).scalar()) is not None:
        raise AlreadyOpen(f"Alert {other} of this wallet and rule is open: further causes join that one.")
    parameters = {"alert_id": alert_id, "status": status, "outcome": outcome, "note": note}
    connection.execute(_CHANGE, parameters)
    return read_alert(connection, alert_id)


def note_alert(connection: Connection, alert_id: int, note: str) -> Alert:
    """Writes a note on an alert, whatever its state.

    Raises:
        NotFound: there is none of that number.
    """
    row = _row(connection, alert_id, lock=True)
    return change_alert(connection, alert_id, row.status, row.outcome, note)


def _row(connection: Connection, alert_id: int, *, lock: bool = False) -> Row[Any]:
    if lock:
        connection.execute(_LOCK, {"alert_id": alert_id})
    row = connection.execute(_ONE, {"alert_id": alert_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no alert {alert_id}. GET /v1/alerts lists them.")
    return row


def _alert(row: Row[Any]) -> Alert:
    wallet = WalletName(chain=row.chain, address=row.address)
    return Alert.model_validate({**row._asdict(), "wallet": wallet, "usd_value": _usd(row.usd_value)})


def _usd(value: object) -> str | None:
    return None if value is None else f"{value:.2f}"


_MATCHING = """
    (CAST(:status AS text) IS NULL OR a.status = :status)
    AND (CAST(:rule AS text) IS NULL OR a.rule = :rule)
    AND (CAST(:chain AS text) IS NULL OR a.chain = :chain)
    AND (CAST(:addresses AS text[]) IS NULL OR a.address = ANY(CAST(:addresses AS text[])))
    AND (CAST(:customer_reference AS text) IS NULL OR w.customer_reference = :customer_reference)
    AND (CAST(:retrospective AS boolean) IS NULL OR a.retrospective = :retrospective)
"""
_ALERTS = f"SELECT a.*, {REFERENCES} FROM alerts a LEFT JOIN watched_wallets w USING (chain, address)"  # noqa: S608
_ONE = text(f"{_ALERTS} WHERE a.alert_id = :alert_id")
_LOCK = text("SELECT alert_id FROM alerts WHERE alert_id = :alert_id FOR UPDATE")
_PAGE = text(f"{_ALERTS} WHERE a.alert_id <= :newest AND {_MATCHING} ORDER BY a.alert_id DESC LIMIT :limit")
_COUNT = text(f"""
    SELECT count(*) FROM alerts a LEFT JOIN watched_wallets w USING (chain, address) WHERE {_MATCHING}
""")  # noqa: S608 - constants of the code
_OTHER = text("""
    SELECT alert_id FROM alerts
    WHERE chain = :chain AND address = :address AND rule = :rule AND status <> 'closed'
""")
_CHANGE = text("""
    UPDATE alerts SET status = :status, outcome = :outcome, note = coalesce(:note, note),
        changed_at = clock_timestamp(), closed_at = CASE :status WHEN 'closed' THEN clock_timestamp() END
    WHERE alert_id = :alert_id
""")
_CAUSES = text("SELECT * FROM alert_causes WHERE alert_id = :alert_id ORDER BY cause_id DESC LIMIT :limit")
