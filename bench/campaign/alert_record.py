"""What the record holds of the campaign's alerts, and whether it holds when it is computed again."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from app.alerts.rescreen import is_any_due
from app.errors import NotFound
from app.policy.conditions import LEVELS
from app.screening.screen import Screener
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres

AlertSet = frozenset[tuple[str, str, str]]
"""Wallet, rule and cause."""


def caused_by_one_thing(postgres: Postgres) -> AlertSet:
    """The alerts of rules on a single transfer, a label or a flag."""
    with postgres.transaction() as connection:
        return frozenset((row.wallet, row.rule, row.cause) for row in connection.execute(_ONE_THING))


def is_scored(postgres: Postgres) -> bool:
    """Whether everything that is recorded is in the graph and in the published run."""
    with postgres.transaction() as connection:
        return bool(connection.execute(_SCORED).scalar())


def is_anybody_due(postgres: Postgres, settings: Settings) -> bool:
    """Whether a watched wallet waits to be screened."""
    with postgres.transaction() as connection:
        return is_any_due(connection, settings)


def hurry_calls(postgres: Postgres) -> int:
    """Makes calls that wait for another attempt due now; returns how many are not delivered."""
    with postgres.transaction() as connection:
        connection.execute(_HURRY)
        return int(connection.execute(_UNDELIVERED).scalar_one())


def delivered_ids(postgres: Postgres) -> frozenset[str]:
    """The `webhook-id` of every message of an alert."""
    with postgres.transaction() as connection:
        return frozenset(connection.execute(_MESSAGES).scalars())


def wrong_levels(postgres: Postgres, graph: Graph, settings: Settings) -> list[str]:
    """Sentences about alerts of levels: one that is missing, or that did not hold where it says it did."""
    return [*_missing(postgres), *_not_held(postgres, graph, settings), *_shown_low(postgres)]


def _missing(postgres: Postgres) -> Iterator[str]:
    with postgres.transaction() as connection:
        for row in connection.execute(_HIGH_WITHOUT_ALERT):
            yield f"{row.wallet} is {row.risk_level} and has no alert of level_high"


def _not_held(postgres: Postgres, graph: Graph, settings: Settings) -> Iterator[str]:
    """Each cause of a level names its run or screening: is that one's level, computed again, the same?"""
    screener = Screener(postgres, graph, settings)
    with postgres.transaction() as connection:
        causes = connection.execute(_LEVEL_CAUSES).all()
        of_runs = {(row.run_id, row.wallet): row.risk_level for row in connection.execute(_LEVELS_OF_RUNS)}
    for row in causes:
        _, level, kind, number = row.cause.split(":")
        where = f"{row.wallet} {row.rule} {row.cause}"
        if kind == "run":
            if of_runs.get((int(number), row.wallet)) != level:
                yield f"{where}: the run says {of_runs.get((int(number), row.wallet))}"
            continue
        try:
            found = screener.verify(int(number))
        except NotFound as exc:
            yield f"{where}: {exc}"
            continue
        if not found.equal:
            yield f"{where}: computed again {found.differences[:3]}"


def _shown_low(postgres: Postgres) -> Iterator[str]:
    """Screenings that were not complete and show a lower level than the run that they name."""
    with postgres.transaction() as connection:
        rows: list[Any] = list(connection.execute(_INCOMPLETE))
    for row in rows:
        if row.of_run is not None and _rank(row.risk_level) < _rank(row.of_run):
            yield f"screening {row.screening_id} of {row.wallet}: {row.risk_level}, its run: {row.of_run}"


def _rank(level: str | None) -> int:
    return -1 if level is None else LEVELS.index(level)


_ONE_THING = text("""
    SELECT chain || ':' || address AS wallet, rule, cause FROM alert_causes
    WHERE cause LIKE 'flag:%' OR cause LIKE 'transfer:%'
""")
_SCORED = text("""
    SELECT NOT EXISTS (SELECT FROM batches WHERE projected_at IS NULL)
       AND NOT EXISTS (SELECT FROM scoring_runs WHERE status = 'running')
       AND (SELECT watermark FROM scoring_runs JOIN published_run USING (run_id))
           >= (SELECT max(batch_id) FROM batches WHERE stored > 0)
       AND (SELECT as_of FROM scoring_runs JOIN published_run USING (run_id))
           >= (SELECT max(recorded_at) FROM labels)
""")
_HURRY = text("""
    UPDATE procrastinate_jobs SET scheduled_at = now()
    WHERE queue_name = 'webhooks' AND status = 'todo' AND scheduled_at > now()
""")
_UNDELIVERED = text("SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'")
_MESSAGES = text("SELECT message_id FROM webhook_messages WHERE event_type LIKE 'alert.%'")
_HIGH_WITHOUT_ALERT = text("""
    SELECT w.chain || ':' || w.address AS wallet, s.risk_level
    FROM watched_wallets w JOIN wallets i USING (chain, address)
    JOIN published_run r ON true
    JOIN risk_scores s ON s.wallet_id = i.wallet_id AND is_of_run(s.run_id, s.until_run_id, r.run_id)
    WHERE s.risk_level IN ('high', 'severe') AND NOT EXISTS (
        SELECT FROM alerts a WHERE (a.chain, a.address, a.rule) = (w.chain, w.address, 'level_high'))
""")
_LEVEL_CAUSES = text("""
    SELECT chain || ':' || address AS wallet, rule, cause FROM alert_causes WHERE cause LIKE 'level:%'
    ORDER BY recorded_at
""")
_LEVELS_OF_RUNS = text("""
    SELECT c.run_id, c.chain || ':' || c.address AS wallet, s.risk_level
    FROM alert_causes c JOIN wallets i USING (chain, address)
    JOIN risk_scores s ON s.wallet_id = i.wallet_id AND is_of_run(s.run_id, s.until_run_id, c.run_id)
    WHERE c.run_id IS NOT NULL AND c.cause LIKE 'level:%'
""")
_INCOMPLETE = text("""
    SELECT n.screening_id, n.chain || ':' || n.address AS wallet, n.risk_level, s.risk_level AS of_run
    FROM screenings n JOIN wallets i USING (chain, address)
    LEFT JOIN risk_scores s ON s.wallet_id = i.wallet_id AND is_of_run(s.run_id, s.until_run_id, n.run_id)
    WHERE n.status = 'incomplete'
""")
