"""Many alerts at once, of a run that scores whole chains: a few statements for however many wallets."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, text

from app.alerts.evaluate import Cause, Judged
from app.alerts.listing import read_alert
from app.alerts.webhooks.endpoints import has_enabled
from app.alerts.webhooks.messages import tell
from app.answers.base import WalletName
from app.faults import fault_point
from app.stores.postgres import now

log = structlog.get_logger()

AT_ONCE = 2_000
"""Causes of one statement."""
OPENED, UPDATED = "alert.opened", "alert.updated"
Evidence = Callable[[Sequence[WalletName]], Mapping[str, Mapping[str, Any]]]
"""The answers about wallets, by `chain:address`."""


class Found(NamedTuple):
    """A cause of an alert of a wallet."""

    wallet: WalletName
    judged: Judged
    cause: Cause


def raise_many(connection: Connection, found: Sequence[Found], evidence: Evidence) -> int:
    """As `raise_alerts`, for many wallets of one run; returns how many causes were new."""
    return sum(
        _raise(connection, found[begin : begin + AT_ONCE], evidence)
        for begin in range(0, len(found), AT_ONCE)
    )


def _raise(connection: Connection, found: Sequence[Found], evidence: Evidence) -> int:
    keys = [one.cause.key for one in found]
    known = _known(connection, found, keys)
    kept = []
    for place, one in enumerate(found):
        if place not in known:
            kept.append((one, one.cause.key))
        elif one.cause.key.startswith(("flag:", "rule:")):  # it had ceased, and is set again
            kept.append((one, f"{one.cause.key}:{one.judged.by}"))
    again = _known(connection, [one for one, _ in kept], [key for _, key in kept])
    new = [each for place, each in enumerate(kept) if place not in again]
    if not new:
        return 0
    ids = _open(connection, new)
    missing = {_alert(one): one for one, _ in new if _alert(one) not in ids}
    opened: dict[tuple[str, str, str], int] = {}
    if missing:
        answers = evidence([one.wallet for one in missing.values()])
        columns = _columns([(one, "") for one in missing.values()])
        columns["evidences"] = [json.dumps(answers[str(one.wallet)]) for one in missing.values()]
        rows = connection.execute(_INSERT, columns)
        opened = {(row.chain, row.address, row.rule): row.alert_id for row in rows}
    ids |= opened
    columns = _columns(new) | {"alert_ids": [ids[_alert(one)] for one, _ in new]}
    connection.execute(_CAUSES, columns)
    connection.execute(_JOIN, columns)
    log.info("alerts_of_run", opened=len(opened), causes=len(new))
    _tell(connection, new, ids, opened)
    fault_point("inside_an_alerts_transaction")
    return len(new)


def _tell(
    connection: Connection,
    new: Sequence[tuple[Found, str]],
    ids: Mapping[tuple[str, str, str], int],
    opened: Mapping[tuple[str, str, str], int],
) -> None:
    """Tells every endpoint, in the order of the causes; nothing is read where there is none."""
    if not has_enabled(connection):
        return
    first = set(opened)
    for one, key in new:
        alert = _alert(one)
        event_type = OPENED if alert in first else UPDATED
        first.discard(alert)
        told = read_alert(connection, ids[alert]).model_dump(mode="json")
        data = {**told, "cause": {"cause": key, "detail": one.cause.detail}}
        tell(connection, event_type, str(one.wallet), data, now(connection))


def _alert(one: Found) -> tuple[str, str, str]:
    return one.wallet.chain, one.wallet.address, one.cause.rule.name


def _known(connection: Connection, found: Sequence[Found], keys: Sequence[str]) -> set[int]:
    """The places of those whose cause is recorded."""
    if not found:
        return set()
    names = _columns(list(zip(found, keys, strict=True)))
    return set(connection.execute(_KNOWN, names).scalars())


def _open(connection: Connection, new: Sequence[tuple[Found, str]]) -> dict[tuple[str, str, str], int]:
    rows = connection.execute(_OPEN, _columns(new))
    return {(row.chain, row.address, row.rule): row.alert_id for row in rows}


def _columns(found: Sequence[tuple[Found, str]]) -> dict[str, list[Any]]:
    return {
        "chains": [one.wallet.chain for one, _ in found],
        "addresses": [one.wallet.address for one, _ in found],
        "rules": [one.cause.rule.name for one, _ in found],
        "causes": [key for _, key in found],
        "details": [one.cause.detail for one, _ in found],
        "sentences": [one.cause.rule.sentence for one, _ in found],
        "retrospectives": [one.cause.retrospective for one, _ in found],
        "risk_levels": [one.judged.risk_level for one, _ in found],
        "policy_digests": [one.judged.policy_digest for one, _ in found],
        "run_ids": [one.judged.run_id for one, _ in found],
        "watermarks": [one.judged.watermark for one, _ in found],
    }


_ASKED = """
    unnest(CAST(:chains AS text[]), CAST(:addresses AS text[]), CAST(:rules AS text[]),
        CAST(:causes AS text[]))
"""
_KNOWN = text(f"""
    SELECT asked.place - 1 FROM {_ASKED} WITH ORDINALITY AS asked (chain, address, rule, cause, place)
    JOIN alert_causes USING (chain, address, rule, cause)
""")  # noqa: S608 - constants of this file
_OPEN = text(f"""
    SELECT alert_id, chain, address, rule FROM alerts
    WHERE status <> 'closed' AND (chain, address, rule) IN (
        SELECT chain, address, rule FROM {_ASKED} AS asked (chain, address, rule, cause))
    ORDER BY alert_id FOR UPDATE
""")  # noqa: S608 - likewise
_INSERT = text("""
    INSERT INTO alerts (rule, chain, address, sentence, risk_level, retrospective, policy_digest, evidence)
    SELECT rule, chain, address, sentence, risk_level, retrospective, policy_digest, CAST(evidence AS jsonb)
    FROM unnest(CAST(:rules AS text[]), CAST(:chains AS text[]), CAST(:addresses AS text[]),
        CAST(:sentences AS text[]), CAST(:risk_levels AS text[]), CAST(:retrospectives AS bool[]),
        CAST(:policy_digests AS text[]), CAST(:evidences AS text[]))
        AS new (rule, chain, address, sentence, risk_level, retrospective, policy_digest, evidence)
    RETURNING alert_id, chain, address, rule
""")
_CAUSES = text("""
    INSERT INTO alert_causes (alert_id, rule, chain, address, cause, detail, retrospective, run_id, watermark)
    SELECT * FROM unnest(CAST(:alert_ids AS bigint[]), CAST(:rules AS text[]), CAST(:chains AS text[]),
        CAST(:addresses AS text[]), CAST(:causes AS text[]), CAST(:details AS text[]),
        CAST(:retrospectives AS bool[]), CAST(:run_ids AS bigint[]), CAST(:watermarks AS bigint[]))
""")
_JOIN = text("""
    UPDATE alerts SET causes = alerts.causes + joined.causes, last_seen_at = clock_timestamp(),
        changed_at = clock_timestamp(), risk_level = joined.risk_level
    FROM (
        SELECT alert_id, count(*) AS causes, max(risk_level) AS risk_level
        FROM unnest(CAST(:alert_ids AS bigint[]), CAST(:risk_levels AS text[])) AS new (alert_id, risk_level)
        GROUP BY alert_id
    ) AS joined WHERE alerts.alert_id = joined.alert_id
""")
