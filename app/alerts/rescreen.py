"""Screens watched wallets again when something touched them, and records alerts with each screening."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from app.alerts.evaluate import Judged, causes
from app.alerts.of_run import smallest_sum
from app.alerts.record import raise_alerts
from app.alerts.watched_rows import judged_before, keep_judged, moved_since, was_relabelled
from app.answers.screenings import Screening
from app.domain import parse_points
from app.policy.conditions import LEVELS
from app.policy.policy import load_policy
from app.screening.screen import Screener
from app.screening.subjects import WalletSubject
from app.settings import Settings
from app.stores.postgres import Postgres

AT_ONCE: Final = 200
"""Watched wallets screened together: a worker that is killed does no more than these again."""


def screen_due(postgres: Postgres, screener: Screener, settings: Settings, limit: int = AT_ONCE) -> int:
    """Screens the watched wallets that are due, the longest waiting first; returns how many.

    Due is one that was never screened, or since whose last screening: a transfer touched it, a label of it
    changed, a run was published, or so many hours passed. What is of a time to come, because the clock of the
    record was set back, makes nothing due until then: else it would be so for ever.
    """
    parameters = {"limit": limit, "hours": settings.watch_every_hours}
    with postgres.transaction() as connection:
        due = connection.execute(_DUE, parameters).all()
    by_cause: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in due:
        by_cause[row.cause].append(row)
    for cause, those in sorted(by_cause.items()):
        rows = sorted(those, key=lambda row: row.watched_id)  # locked in the order of runs: no deadlock
        subjects = [
            WalletSubject(
                type="wallet",
                address=row.address,
                chain=row.chain,
                reference=row.reference,
                customer_reference=row.customer_reference,
            )
            for row in rows
        ]
        recorder = _Recorder(settings, rows)
        screener.screen(subjects, cause=cause, recorded=recorder.record)  # type: ignore[arg-type] # of _DUE
    return len(due)


def is_any_due(connection: Connection, settings: Settings) -> bool:
    """Whether a watched wallet is due."""
    parameters = {"limit": 1, "hours": settings.watch_every_hours}
    return bool(connection.execute(_DUE, parameters).all())


class _Recorder:
    """Judges each screening against what was judged before, in the transaction that records it."""

    def __init__(self, settings: Settings, rows: Sequence[Row[Any]]) -> None:
        self._policy = load_policy(settings.policy_file)
        self._rules = [rule for rule in self._policy.alerts if rule.wallets == "watched"]
        self._rows = rows

    def record(self, connection: Connection, screenings: Sequence[Screening]) -> None:
        """Alerts, and the judgement that the next one is compared with."""
        for screening, due in zip(screenings, self._rows, strict=True):
            row = connection.execute(_LOCK, {"watched_id": due.watched_id}).one_or_none()
            if row is None:  # watched no longer
                continue
            self._judge(connection, screening, row, due)
            parameters = {
                "watched_id": due.watched_id,
                "touched": due.touched_to,
                "at": screening.recorded_at,
            }
            connection.execute(_SCREENED, parameters)

    def _judge(self, connection: Connection, screening: Screening, row: Row[Any], due: Row[Any]) -> None:
        now = _judged(screening)
        if now is None:
            return
        before = judged_before(row)
        moved = []
        usd = smallest_sum(self._rules)
        if usd is not None and due.wallet_id is not None and due.touched_to > row.touched_watermark:
            moved = moved_since(connection, due.wallet_id, row.touched_watermark, due.touched_to, usd)
        is_behind = before is not None and now.watermark < before.watermark
        if is_behind or _hides(screening, before, now):
            now = replace(now, risk_level=None, flags=frozenset(), rules=frozenset())
            before_or_none = None
        else:
            before_or_none = before
            if before is not None:
                touched = due.touched_to > before.watermark
                until = screening.recorded_at
                relabelled = not touched and was_relabelled(connection, before, now, until)
                now = replace(now, touched=touched, relabelled=relabelled)
                if screening.status == "incomplete":  # what it could not look at is not gone
                    now = replace(now, flags=now.flags | before.flags, rules=now.rules | before.rules)
        wallet = screening.wallets[0].wallet_score.wallet
        found = causes(self._rules, before_or_none, now, moved)
        raise_alerts(
            connection, wallet, now, found, lambda: screening.wallets[0].wallet_score.model_dump(mode="json")
        )
        if now.risk_level is not None:
            keep_judged(connection, row.watched_id, now)


def _judged(screening: Screening) -> Judged | None:
    """What a screening says; None where it says nothing."""
    source = screening.computed_from
    if screening.status == "refused" or not screening.wallets or source is None:
        return None
    score = screening.wallets[0].wallet_score
    return Judged(
        screening.risk_level,
        None if screening.score is None else parse_points(screening.score),
        frozenset(screening.flags),
        frozenset(score.rules),
        source.watermark or 0,
        source.labels_as_of if source.run is None else source.run.as_of,
        source.policy_digest,
        screening_id=screening.screening_id,
    )


def _hides(screening: Screening, before: Judged | None, now: Judged) -> bool:
    """Whether an incomplete screening would show a lower level than was known: no failure looks low."""
    if screening.status != "incomplete" or before is None or before.risk_level is None:
        return False
    return now.risk_level is None or LEVELS.index(now.risk_level) < LEVELS.index(before.risk_level)


_DUE = text("""
    SELECT * FROM (
        SELECT w.*, i.wallet_id, p.touched_to, CASE
            WHEN w.screened_at IS NULL THEN 'request'
            WHEN p.touched_to > w.touched_watermark THEN 'transfer'
            WHEN EXISTS (SELECT FROM labels l WHERE l.address = w.address AND l.tag IS NULL
                AND ((l.recorded_at > w.screened_at AND l.recorded_at <= clock_timestamp())
                    OR (l.removed_at > w.screened_at AND l.removed_at <= clock_timestamp())
                    OR (l.valid_from > w.screened_at AND l.valid_from <= clock_timestamp())
                    OR (l.valid_to > w.screened_at AND l.valid_to <= clock_timestamp()))) THEN 'labels'
            WHEN r.published_at > w.screened_at AND r.published_at <= clock_timestamp() THEN 'run'
            WHEN :hours > 0
                AND w.screened_at < clock_timestamp() - CAST(:hours AS float8) * interval '1 hour'
                THEN 'schedule'
            END AS cause
        FROM watched_wallets w LEFT JOIN wallets i USING (chain, address)
        LEFT JOIN published_run r ON true
        CROSS JOIN LATERAL (
            SELECT coalesce(max(last_batch_id), 0) AS touched_to FROM pools WHERE wallet_id = i.wallet_id
        ) AS p
    ) AS due
    WHERE cause IS NOT NULL ORDER BY screened_at NULLS FIRST, watched_id LIMIT :limit
""")
_LOCK = text("SELECT * FROM watched_wallets WHERE watched_id = :watched_id FOR UPDATE")
_SCREENED = text("""
    UPDATE watched_wallets SET screened_at = :at, touched_watermark = greatest(touched_watermark, :touched)
    WHERE watched_id = :watched_id
""")
