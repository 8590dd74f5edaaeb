"""What changed from one run to another, and which part of it came from transfers, prices, labels or policy.

One thing at a time is replaced: first the transfers of run a by those of run b, then its prices with the
registry of assets, then its labels, then its policy. The four differences between the five scores add up to
the whole change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, text

from app.answers.names import RiskLevel
from app.labels.columns import label_columns
from app.policy.policy import Policy
from app.runs.board.statements import LEVEL_RANK
from app.runs.judgement.score import NOTHING_KNOWN
from app.runs.queries import completed_run
from app.runs.results.accounts import Accounts
from app.runs.snapshot import Snapshot
from app.runs.stored_policy import policy_of
from app.verify.reaccount import reaccount
from app.verify.replay import Replayed, past_snapshot, replay

PARTS = ("transfers", "prices", "labels", "policy")
LEVELS: Final[tuple[RiskLevel, ...]] = ("low", "unrated", "medium", "high", "severe")
"""By `LEVEL_RANK`."""


@dataclass(frozen=True)
class Changes:
    """Wallets whose score or level differs, biggest change first, then by wallet id; millionths of a point.

    `old` and `new` are as stored, -1 where nothing was known; `old_level` and `new_level` are places in
    `LEVELS`, -1 likewise. `parts` is n x 5: `PARTS`, then what is left of
    the change between stored scores: rounding, when an engine is not the ledger's or a run is of an earlier
    version.
    """

    a: Row[Any]
    b: Row[Any]
    wallet_id: NDArray[np.int64]
    old: NDArray[np.int64]
    new: NDArray[np.int64]
    old_level: NDArray[np.int64]
    new_level: NDArray[np.int64]
    parts: NDArray[np.int64]

    def between(self, old_level: RiskLevel | None, new_level: RiskLevel | None) -> NDArray[np.int64]:
        """The places of the wallets that had this level and have that one; None: any."""
        found = np.ones(len(self.wallet_id), np.bool_)
        for levels, level in ((self.old_level, old_level), (self.new_level, new_level)):
            if level is not None:
                found &= levels == LEVELS.index(level)
        return np.flatnonzero(found)

    @property
    def change(self) -> NDArray[np.int64]:
        """New less old, where nothing known counts as 0."""
        difference: NDArray[np.int64] = np.maximum(self.new, 0) - np.maximum(self.old, 0)
        return difference


def changes_between(connection: Connection, run_a: int, run_b: int) -> Changes:
    """Compares two completed runs, in a snapshot of the record.

    Raises:
        NotFound: there is no run of that id.
        NotReady: one of the runs has no results.
        InvalidPolicy: a stored policy was changed and is none any more.
    """
    a, b = completed_run(connection, run_a), completed_run(connection, run_b)
    wallet_id = np.array(connection.execute(_WALLETS, {"a": run_a, "b": run_b}).scalars().all(), np.int64)
    (old, old_level), (new, new_level) = (
        _stored(connection, *runs, wallet_id) for runs in ((run_a, run_b), (run_b, run_a))
    )
    steps = [_placed(replayed, wallet_id) for replayed in _steps(connection, a, b)]
    parts = np.zeros((len(wallet_id), len(PARTS) + 1), np.int64)
    for part, (before, after) in enumerate(pairwise(steps)):
        parts[:, part] = after - before
    change = np.maximum(new, 0) - np.maximum(old, 0)
    parts[:, -1] = change - parts.sum(axis=1)
    changed = np.flatnonzero((old != new) | (old_level != new_level))
    order = changed[np.lexsort((wallet_id[changed], -np.abs(change[changed])))]
    return Changes(
        a, b, wallet_id[order], old[order], new[order], old_level[order], new_level[order], parts[order]
    )


def _steps(connection: Connection, a: Row[Any], b: Row[Any]) -> Iterator[Replayed]:
    """Run a, then with the transfers, prices, labels and policy of b; nothing is computed twice."""
    policy_a, policy_b = policy_of(a), policy_of(b)
    states: list[tuple[int, Row[Any], Row[Any], Policy]] = [
        (a.watermark, a, a, policy_a),
        (b.watermark, a, a, policy_a),
        (b.watermark, b, a, policy_a),
        (b.watermark, b, b, policy_a),
        (b.watermark, b, b, policy_b),
    ]
    accounts: Accounts | None = None
    before: tuple[Snapshot, Policy] | None = None
    replayed: Replayed | None = None
    for watermark, prices_of, labels_of, policy in states:
        snapshot = past_snapshot(connection, labels_of, watermark, policy, prices_of=prices_of)
        if accounts is None or before is None or not _accounts_alike(before[0], snapshot):
            accounts, replayed = reaccount(connection, watermark, prices=snapshot.prices), None
        if replayed is None or not _traces_alike(before, (snapshot, policy)):
            replayed = replay(snapshot, policy, accounts, _silent)
        elif before is None or before[1].digest != policy.digest:
            replayed = replay(snapshot, policy, accounts, _silent, replayed.exposures)
        before = snapshot, policy
        yield replayed


def _accounts_alike(before: Snapshot, after: Snapshot) -> bool:
    """Whether both have the same transfers with the same values."""
    digests = [None if one.prices is None else one.prices.digest for one in (before, after)]
    return before.watermark == after.watermark and digests[0] == digests[1]


def _traces_alike(before: tuple[Snapshot, Policy] | None, after: tuple[Snapshot, Policy]) -> bool:
    """Whether both give the same exposures of the same transfers."""
    return (
        before is not None
        and before[1].registered_assets == after[1].registered_assets
        and before[0].registry.known == after[0].registry.known
        and label_columns(before[0].labels, before[1]) == label_columns(after[0].labels, after[1])
    )


def _placed(replayed: Replayed, wallet_id: NDArray[np.int64]) -> NDArray[np.int64]:
    """The scores of these wallets, 0 where nothing is known."""
    scored = replayed.scores.wallet_id
    place = np.searchsorted(scored, wallet_id)
    place[place == len(scored)] = 0
    has_score = scored[place] == wallet_id if len(scored) else np.zeros(len(wallet_id), np.bool_)
    scores = np.zeros(len(wallet_id), np.int64)
    scores[has_score] = np.maximum(replayed.scores.score[place[has_score]], 0)
    return scores


def _stored(
    connection: Connection, run_id: int, other: int, wallet_id: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The scores and levels, by rank, of a run whose rows the other run does not have."""
    scores, levels = (np.full(len(wallet_id), NOTHING_KNOWN, np.int64) for _ in range(2))
    rows = connection.execute(_SCORES, {"run_id": run_id, "other": other}).all()
    listed = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 3)
    places = np.searchsorted(wallet_id, listed[:, 0])
    scores[places], levels[places] = listed[:, 1], listed[:, 2]
    return scores, levels


def _silent(_step: str, _part: float) -> None:
    """A diff does not report its steps."""


# A wallet with the same row in both runs has the same score.
_WALLETS = text("""
    SELECT DISTINCT wallet_id FROM risk_scores
    WHERE is_of_run(run_id, until_run_id, :a) <> is_of_run(run_id, until_run_id, :b) ORDER BY wallet_id
""")
_SCORES = text(f"""
    SELECT wallet_id, score, {LEVEL_RANK} FROM risk_scores
    WHERE is_of_run(run_id, until_run_id, :run_id) AND NOT is_of_run(run_id, until_run_id, :other)
      AND score IS NOT NULL
""")  # noqa: S608 - a constant
