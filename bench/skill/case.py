"""A record of which the truth is known, and what one run says of it beside simpler rankings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.domain import Transfer
from app.labels.store import LabelRow, import_labels
from app.ledger.cells import DESTINATION, RESIDUALS, SOURCE, decode
from app.policy.columns import column_of
from app.policy.policy import Policy
from app.runs.queries import completed_run
from app.runs.run import run_scoring
from app.stores.postgres import Postgres
from bench.skill.metrics import figures
from bench.stores import write

RAISED = ("medium", "high", "severe")
NATIVE = "ETH"


@dataclass(frozen=True)
class Case:
    """Labels over transfers that are recorded already, and the truth of the wallets that are ranked."""

    name: str
    labels: Sequence[LabelRow]
    truth: Mapping[str, bool]


@dataclass(frozen=True)
class Judged:
    """What a run says of one wallet: shares and USD of crime by direction, and what covers its money."""

    score: float
    level: str
    flags: frozenset[str]
    main_category: str | None
    crime_share: tuple[float, float]
    crime_usd: tuple[float, float]
    sent_to_sanctioned: bool
    source_coverage: float | None
    destination_coverage: float | None


def label(address: str, category: str, name: str, confidence: int = 100) -> LabelRow:
    """A label of a data set."""
    return LabelRow("ethereum", address, category, name, "bench", confidence, None, None, "bench")


def record(postgres: Postgres, transfers: Sequence[Transfer]) -> None:
    """Takes the place of everything that is recorded."""
    with postgres.transaction() as connection:
        connection.execute(_CLEAR)
    write(postgres, transfers)
    with postgres.transaction() as connection:
        connection.execute(text("ANALYZE"))


def judge(postgres: Postgres, policy: Policy, labels: Sequence[LabelRow]) -> dict[str, Judged]:
    """Labels the recorded transfers with these alone, scores them, and says what came of each wallet."""
    with postgres.transaction() as connection:
        connection.execute(text("TRUNCATE labels"))
    import_labels(postgres, labels, policy.categories)
    run_id = run_scoring(postgres, None, policy, engine="ledger")
    with postgres.transaction() as connection:
        return _judged(connection, policy, run_id)


def measured(postgres: Postgres, policy: Policy, case: Case) -> list[dict[str, Any]]:
    """A row for each ranking: the score, and the baselines that any judgement must beat."""
    judged = judge(postgres, policy, case.labels)
    rankings = {
        "score": {wallet: each.score for wallet, each in judged.items()},
        "source share alone": {wallet: each.crime_share[0] for wallet, each in judged.items()},
    }
    with postgres.transaction() as connection:
        rankings["source share in the native asset"] = _native(connection, policy)
        seen = connection.execute(_SEEN).all()
    rankings["degree (leaks)"] = {row.address: float(row.degree) for row in seen}
    rankings["first seen, earliest first (leaks)"] = {row.address: -row.first.timestamp() for row in seen}
    return [
        {"data": case.name, "ranking": name, "wallets": len(case.truth), "positive": sum(case.truth.values())}
        | figures(values, case.truth)
        for name, values in rankings.items()
    ]


def levels_by_truth(judged: Mapping[str, Judged], case: Case) -> list[dict[str, Any]]:
    """How many positives and others have each level."""
    rows = []
    for positive in (True, False):
        wallets = [wallet for wallet, is_positive in case.truth.items() if is_positive is positive]
        levels = Counter(judged[wallet].level if wallet in judged else "absent" for wallet in wallets)
        rows.append(
            {"data": case.name, "truth": "positive" if positive else "other", "wallets": len(wallets)}
            | {level: levels[level] for level in ("low", "unrated", *RAISED)}
        )
    return rows


def _judged(connection: Connection, policy: Policy, run_id: int) -> dict[str, Judged]:
    run = completed_run(connection, run_id)
    columns = [None if name in RESIDUALS else column_of(name) for name in run.columns]
    crime = [one is not None and one.firm and one.category in policy.crimes for one in columns]
    listed = [one is not None and one.firm and one.category in policy.listed for one in columns]
    found = {}
    for row in connection.execute(_SCORES, {"run_id": run_id}):
        shares, to_sanctioned = [0.0, 0.0, 0.0], False
        for code, share in zip(row.cells, row.shares, strict=True):
            direction, column, hop = decode(code)
            if hop and crime[column]:
                shares[direction] += share
            to_sanctioned |= direction == DESTINATION and hop == 1 and listed[column] and share > 0
        found[row.address] = Judged(
            (row.score or 0) / 1e6,
            row.risk_level or "absent",
            frozenset(row.flags),
            row.main_category,
            (shares[SOURCE], shares[DESTINATION]),
            (shares[SOURCE] * row.usd_received, shares[DESTINATION] * row.usd_sent),
            to_sanctioned,
            row.source_coverage,
            row.destination_coverage,
        )
    return found


def _native(connection: Connection, policy: Policy) -> dict[str, float]:
    """The share that came from crime in the native asset, less the further away."""
    run_id = connection.execute(text("SELECT run_id FROM published_run")).scalar_one()
    run = completed_run(connection, run_id)
    found: dict[str, float] = {}
    for row in connection.execute(_NATIVE, {"run_id": run_id, "asset": NATIVE}):
        share = 0.0
        for code, part in zip(row.cells, row.shares, strict=True):
            _, column, hop = decode(code)
            name = run.columns[column]
            if name not in RESIDUALS and column_of(name).category in policy.crimes:
                share += part * float(policy.hop_weights[hop - 1])
        found[row.address] = share
    return found


_CLEAR = text(
    "TRUNCATE transactions, flows, pools, wallets, assets, batches, labels, exposures, risk_scores,"
    " published_run, scoring_runs RESTART IDENTITY"
)
_SCORES = text("""
    SELECT w.address, s.* FROM risk_scores s JOIN wallets w USING (wallet_id)
    WHERE is_of_run(s.run_id, s.until_run_id, :run_id)
""")
_NATIVE = text("""
    SELECT w.address, e.cells, e.shares FROM exposures e JOIN wallets w USING (wallet_id)
    JOIN assets a USING (asset_id)
    WHERE is_of_run(e.run_id, e.until_run_id, :run_id) AND e.direction = 1 AND a.asset = :asset
""")
_SEEN = text("""
    SELECT w.address, count(*) AS degree, min(side.occurred_at) AS first
    FROM (
        SELECT sender_id AS wallet_id, occurred_at FROM transactions
        UNION ALL SELECT receiver_id, occurred_at FROM transactions
    ) AS side JOIN wallets w USING (wallet_id) GROUP BY w.address
""")
