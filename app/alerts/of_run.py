"""Alerts on a run, made in the transaction that publishes it: they are there when it is, and not before."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, text

from app.alerts.evaluate import Judged, causes
from app.alerts.record import raise_alerts
from app.alerts.record_many import Found, raise_many
from app.alerts.watched_rows import judged_before, keep_judged, moved_since, was_relabelled
from app.answers.base import WalletName
from app.chains.wallet_reference import Candidate
from app.policy.alert_rules import AlertRule
from app.runs.judgement.reasons import contacts_of
from app.runs.queries import published_run
from app.runs.score_answer import known_score
from app.runs.score_record import read_score_record
from app.runs.stored_policy import policy_of
from app.screening.known import read_known


def alert_on_run(connection: Connection, run_id: int) -> None:
    """Compares the run that is being published with what was judged before, and records alerts."""
    run = published_run(connection)
    assert run is not None  # noqa: S101 - the caller has just published it
    assert run.run_id == run_id  # noqa: S101 - likewise
    rules = policy_of(run).alerts
    _alert_on_watched(connection, run, [rule for rule in rules if rule.wallets == "watched"])
    if any_rules := [rule for rule in rules if rule.wallets == "any"]:
        _alert_on_any(connection, run, any_rules)


def smallest_sum(rules: list[AlertRule]) -> Decimal | None:
    """The smallest worth of a transfer that a rule asks for; None when none does."""
    sums = [rule.when.transfer_usd_at_least for rule in rules if rule.when.transfer_usd_at_least]
    return Decimal(min(sums)) if sums else None


def _alert_on_watched(connection: Connection, run: Row[Any], rules: list[AlertRule]) -> None:
    parameters = {"run_id": run.run_id, "watermark": run.watermark}
    usd = smallest_sum(rules)
    for row in connection.execute(_WATCHED, parameters).all():
        before = judged_before(row)
        now = _judged(run, row, touched=before is None or row.last_batch_id > before.watermark)
        if before is not None:
            now = _relabelled(connection, before, now)
        moved = []
        if usd is not None and row.last_batch_id > row.touched_watermark:
            moved = moved_since(connection, row.wallet_id, row.touched_watermark, run.watermark, usd)
        wallet = WalletName(chain=row.chain, address=row.address)
        found = causes(rules, before, now, moved)
        raise_alerts(connection, wallet, now, found, lambda of=wallet: _evidence(connection, of))  # type: ignore[misc]
        keep_judged(connection, row.watched_id, now)


def _alert_on_any(connection: Connection, run: Row[Any], rules: list[AlertRule]) -> None:
    previous = connection.execute(_PREVIOUS, {"run_id": run.run_id}).one_or_none()
    found: list[Found] = []
    for row in connection.execute(_CHANGED, {"run_id": run.run_id}).all():
        before = None
        if previous is not None and row.was_judged:
            before = Judged(
                row.level_before,
                None,
                frozenset(row.flags_before),
                frozenset(row.rules_before),
                previous.watermark,
                previous.as_of,
                previous.policy_digest,
                previous.run_id,
            )
        now = _judged(run, row, touched=before is None or row.last_batch_id > before.watermark)
        if before is not None:
            now = _relabelled(connection, before, now)
        wallet = WalletName(chain=row.chain, address=row.address)
        found += (Found(wallet, now, cause) for cause in causes(rules, before, now))
    raise_many(connection, found, partial(_evidence_of_many, connection, run))


def _judged(run: Row[Any], row: Row[Any], *, touched: bool) -> Judged:
    return Judged(
        row.new_level,
        row.new_score,
        frozenset(row.new_flags),
        frozenset(row.new_rules),
        run.watermark,
        run.as_of,
        run.policy_digest,
        run.run_id,
        touched=touched,
    )


def _relabelled(connection: Connection, before: Judged, now: Judged) -> Judged:
    """The judgement, with whether labels or the policy changed since the one before, where it matters."""
    if now.touched or (
        now.risk_level == before.risk_level and now.flags == before.flags and now.rules == before.rules
    ):
        return now
    return replace(now, relabelled=was_relabelled(connection, before, now))


def _evidence(connection: Connection, wallet: WalletName) -> dict[str, Any]:
    return read_score_record(connection, str(wallet)).score.model_dump(mode="json")


def _evidence_of_many(
    connection: Connection, run: Row[Any], wallets: Sequence[WalletName]
) -> dict[str, dict[str, Any]]:
    """The answer about each of these wallets, as the run has it."""
    policy = policy_of(run)
    candidates = [[Candidate(one.chain, one.address)] for one in dict.fromkeys(wallets)]
    known = [one for (one,) in read_known(connection, candidates, run.run_id, policy) if one.row is not None]
    contacts = contacts_of(connection, [one.row for one in known], run.as_of, run.run_id)
    answers = {}
    for one in known:
        wallet = WalletName(chain=one.wallet.chain, address=one.wallet.address)
        score = known_score(
            wallet,
            run,
            policy=policy,
            row=one.row,
            exposures=one.exposures,
            label=one.of_run(policy, run),
            contact=contacts.get(one.wallet.wallet_id),
        )
        answers[str(wallet)] = score.model_dump(mode="json")
    return answers


_WATCHED = text("""
    SELECT w.*, i.wallet_id, s.risk_level AS new_level, s.score AS new_score, s.flags AS new_flags,
        s.rules AS new_rules,
        (SELECT coalesce(max(last_batch_id), 0) FROM pools p WHERE p.wallet_id = i.wallet_id) AS last_batch_id
    FROM watched_wallets w JOIN wallets i USING (chain, address)
    JOIN risk_scores s ON s.wallet_id = i.wallet_id AND is_of_run(s.run_id, s.until_run_id, :run_id)
    WHERE s.score IS NOT NULL AND (w.watermark IS NULL OR w.watermark <= :watermark)
    ORDER BY w.watched_id FOR UPDATE OF w
""")
_PREVIOUS = text("""
    SELECT run_id, watermark, as_of, policy_digest FROM scoring_runs
    WHERE status = 'completed' AND run_id < :run_id ORDER BY run_id DESC LIMIT 1
""")
_CHANGED = text("""
    SELECT i.chain, i.address, i.wallet_id, s.risk_level AS new_level, s.score AS new_score,
        s.flags AS new_flags, s.rules AS new_rules, b.wallet_id IS NOT NULL AS was_judged,
        b.risk_level AS level_before, coalesce(b.flags, '{}') AS flags_before,
        coalesce(b.rules, '{}') AS rules_before,
        (SELECT coalesce(max(last_batch_id), 0) FROM pools p WHERE p.wallet_id = i.wallet_id) AS last_batch_id
    FROM risk_scores s JOIN wallets i USING (wallet_id)
    LEFT JOIN risk_scores b ON b.wallet_id = s.wallet_id AND b.until_run_id = :run_id
    WHERE s.run_id = :run_id AND s.score IS NOT NULL
      AND (s.risk_level <> 'low' OR s.flags <> '{}' OR s.rules <> '{}')
    ORDER BY s.wallet_id
""")
