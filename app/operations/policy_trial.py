"""What a policy would change on the current data: computed as a run is, and neither stored nor published."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from pydantic import Field
from sqlalchemy import Connection, text

from app.answers.base import Answer, WalletName
from app.domain import Progress, format_points
from app.errors import NotReady
from app.policy.conditions import LEVELS
from app.policy.policy import Policy
from app.runs.compute import compute_by_ledger
from app.runs.judge import Judged, judge
from app.runs.judgement.deciding import BY_NOTHING, BY_SCORE, deciding_rules
from app.runs.queries import NONE_PUBLISHED, published_run
from app.runs.snapshot import open_snapshot
from app.stores.postgres import Postgres

LARGEST = 20
_NOT_SCORED = "not scored"


class ChangedWallet(Answer):
    """One wallet that the policy would judge in another way, with the rule that would decide."""

    wallet: WalletName
    level_before: str
    level_after: str
    score_before: str | None
    score_after: str | None
    decided_by: str = Field(description="A rule, `score`, or `nothing` where nothing raises it.")


class PolicyTrial(Answer):
    """What would change from the published run: by level, and the wallets that would change most."""

    policy_version: str
    published_run: int
    wallets: int
    changed_levels: int
    changed_scores: int
    levels_before: dict[str, int]
    levels_after: dict[str, int]
    changes: dict[str, int] = Field(description="Wallets by `level before -> level after`.")
    largest: list[ChangedWallet]


def try_policy(postgres: Postgres, policy: Policy, progress: Progress) -> PolicyTrial:
    """Judges the current record by a policy and compares with the published run; nothing is stored.

    Raises:
        NotReady: no run has been published.
        InvalidPolicy: labels use a category that the policy does not have.
    """
    with open_snapshot(postgres, policy) as snapshot:
        run = published_run(snapshot.connection)
        if run is None:
            raise NotReady(NONE_PUBLISHED)
        computed = compute_by_ledger(postgres, None, snapshot, policy, progress)
        progress("judging", 0.0)
        judged = judge(policy, snapshot, computed)
        before = {
            row.wallet_id: (row.risk_level or _NOT_SCORED, row.score)
            for row in snapshot.connection.execute(_BEFORE, {"run_id": run.run_id})
        }
        return _compared(snapshot.connection, policy, run.run_id, judged, before)


def _compared(
    connection: Connection,
    policy: Policy,
    run_id: int,
    judged: Judged,
    before: dict[int, tuple[str, int | None]],
) -> PolicyTrial:
    scores = judged.scores
    names = [*LEVELS, _NOT_SCORED]  # the level -1 is the last
    after = [
        (wallet_id, names[level], score)
        for wallet_id, level, score in zip(
            scores.wallet_id.tolist(), scores.level.tolist(), scores.score.tolist(), strict=True
        )
    ]
    pairs = [(before.get(wallet_id, (_NOT_SCORED, None)), level) for wallet_id, level, _ in after]
    changes = Counter(f"{was} -> {level}" for (was, _), level in pairs if was != level)
    moved = np.array([abs(_rank(level) - _rank(was)) for (was, _), level in pairs], np.int64)
    points = np.array(
        [abs(max(score, 0) - (was or 0)) for ((_, was), _), (_, _, score) in zip(pairs, after, strict=True)],
        np.int64,
    )
    order = np.lexsort((scores.wallet_id, -points, -moved))[:LARGEST]
    largest = [place for place in order.tolist() if moved[place] or points[place]]
    decided = deciding_rules(policy, scores)
    ids = scores.wallet_id[largest].tolist()
    wallets = {
        row.wallet_id: WalletName(chain=row.chain, address=row.address)
        for row in connection.execute(_NAMES, {"wallet_ids": ids})
    }
    return PolicyTrial(
        policy_version=policy.version,
        published_run=run_id,
        wallets=len(after),
        changed_levels=int((moved > 0).sum()),
        changed_scores=int((points > 0).sum()),
        levels_before=_counts(was for (was, _), _ in pairs),
        levels_after=_counts(level for _, level in pairs),
        changes=dict(changes.most_common()),
        largest=[
            ChangedWallet(
                wallet=wallets[after[place][0]],
                level_before=pairs[place][0][0],
                level_after=pairs[place][1],
                score_before=None if pairs[place][0][1] is None else format_points(pairs[place][0][1]),
                score_after=None if after[place][2] < 0 else format_points(after[place][2]),
                decided_by=_decided(policy, int(decided[place])),
            )
            for place in largest
        ],
    )


def _rank(level: str) -> int:
    return -1 if level == _NOT_SCORED else LEVELS.index(level)


def _counts(levels: Iterable[str]) -> dict[str, int]:
    counts = Counter(levels)
    return {name: counts[name] for name in (*reversed(LEVELS), _NOT_SCORED) if counts[name]}


def _decided(policy: Policy, rule: int) -> str:
    return {BY_SCORE: "score", BY_NOTHING: "nothing"}.get(rule) or policy.rules[rule].name


_BEFORE = text("""
    SELECT wallet_id, risk_level, score FROM risk_scores WHERE is_of_run(run_id, until_run_id, :run_id)
""")
_NAMES = text("SELECT wallet_id, chain, address FROM wallets WHERE wallet_id = ANY(:wallet_ids)")
