"""Verifications, differences between runs, and a wallet's history."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.answers.base import TOTAL, Answer, WalletName
from app.answers.names import Engine, RiskLevel
from app.answers.runs import RUN, RunName
from app.answers.scores import SCORE
from app.domain import Direction


class ResultDifference(Answer):
    """One difference between a run and its recomputation; `wallet` is null for the record as a whole."""

    what: str = Field(examples=["score"])
    wallet: WalletName | None
    as_stored: str = Field(examples=["12.000000"])
    as_recomputed: str = Field(examples=["14.000000"])
    detail: str = Field(examples=["The score of ethereum:0xaa is stored as 12.000000, recomputed 14.000000."])


class Verification(Answer):
    """Whether the recomputation of a run from the record has the same results."""

    run_id: int = Field(examples=[3])
    equal: bool
    engine: Engine = Field(description="That of the run; the ledger engine verifies it.")
    differences: list[ResultDifference] = Field(description="The first of each kind.")
    notes: list[str]
    transfers: int = Field(description="Transfers with flow that were traced again.", examples=[117])
    annotations: int = Field(
        default=0,
        description="Of these, whose stored annotation was compared; later batches restated the others.",
        examples=[117],
    )
    exposures: int = Field(description="Stored rows that were compared.", examples=[88])
    scores: int = Field(description="Stored rows that were compared.", examples=[64])


class ChangeByCause(Answer):
    """A change of score by cause, in points; the parts add up to the change exactly.

    `by_engine` is rounding, some millionths, where one of the runs used path queries.
    """

    by_transfers: str = Field(examples=["2.000000"])
    by_prices: str = Field(description="With the registry of assets.", examples=["0.000000"])
    by_labels: str = Field(examples=["12.000000"])
    by_policy: str = Field(examples=["0.000000"])
    by_engine: str = Field(examples=["0.000000"])


class ScoreChange(Answer):
    """A wallet whose score or level differs between two runs; a null score is unknown."""

    wallet: WalletName
    is_new: bool = Field(default=False, description="First seen after the first run.")
    score_before: str | None = Field(examples=["0.000000"])
    score_after: str | None = Field(examples=["14.000000"])
    change: str = Field(description="In points; a null score counts as 0.", examples=["14.000000"])
    change_micro: int = Field(description="In millionths of a point.", examples=[14_000_000])
    risk_level_before: RiskLevel | None = Field(examples=["low"])
    risk_level_after: RiskLevel | None = Field(examples=["low"])
    reason_before: str | None = Field(
        default=None,
        description="What decided the level; null where the run did not know the wallet.",
        examples=["No money leads to a category with points."],
    )
    reason_after: str | None = Field(
        default=None, examples=["25.00 % of what it received came from mixer, within 2 hops."]
    )
    parts: ChangeByCause


class RunDiff(Answer):
    """Wallets whose score or level changed from `run_before` to `run_after`, biggest change first."""

    kind: Literal["runs"] = "runs"
    run_before: RunName
    run_after: RunName
    changed: int = Field(description="Wallets whose score or level changed.", examples=[1])
    changes: list[ScoreChange]
    next: str | None = None
    total: int = Field(description="Of these, those between the levels that were asked for.", examples=[1])


class ContributionChange(Answer):
    """One contribution in both runs; null where a run does not have it."""

    direction: Direction
    category: str = Field(examples=["mixer"])
    hop: int = Field(examples=[2])
    share_before: float | None
    share_after: float | None = Field(examples=[0.25])
    points_before: str | None
    points_after: str | None = Field(examples=["14.000000"])


class WalletDiff(Answer):
    """One wallet in two runs, with the contributions to its score in each."""

    kind: Literal["wallet"] = "wallet"
    run_before: RunName
    run_after: RunName
    score_change: ScoreChange
    risk_level_before: RiskLevel | None = Field(examples=["low"])
    risk_level_after: RiskLevel | None = Field(examples=["low"])
    contributions: list[ContributionChange]


class PastScore(Answer):
    """A wallet's score in one run."""

    run_id: int = Field(examples=[3])
    as_of: datetime
    policy_version: str = Field(examples=["2026-01"])
    score: str | None = Field(examples=["14.000000"])
    risk_level: RiskLevel | None = Field(examples=["low"])
    direction: Direction | None = Field(examples=["source"])
    main_category: str | None = Field(examples=["mixer"])
    rules: list[str]
    published: bool = Field(description="Whether this run is the published one.")


class ScoreHistory(Answer):
    """A wallet's scores by run, newest first; runs without the wallet are left out."""

    wallet: WalletName
    scores: list[PastScore]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


_BEFORE = RunName.model_validate(RUN.model_copy(update={"run_id": 2}), from_attributes=True)
_AFTER = RunName.model_validate(RUN, from_attributes=True)
_CHANGE = ScoreChange(
    wallet=SCORE.wallet,
    score_before="0.000000",
    score_after="14.000000",
    change="14.000000",
    change_micro=14_000_000,
    risk_level_before="low",
    risk_level_after="low",
    parts=ChangeByCause(
        by_transfers="2.000000",
        by_prices="0.000000",
        by_labels="12.000000",
        by_policy="0.000000",
        by_engine="0.000000",
    ),
)
VERIFICATION = Verification(
    run_id=3,
    equal=True,
    engine="ledger",
    differences=[],
    notes=[],
    transfers=117,
    annotations=117,
    exposures=88,
    scores=64,
)
DIFF = RunDiff(run_before=_BEFORE, run_after=_AFTER, changed=1, changes=[_CHANGE], total=1)
WALLET_DIFF = WalletDiff(
    run_before=_BEFORE,
    run_after=_AFTER,
    score_change=_CHANGE,
    risk_level_before="low",
    risk_level_after="low",
    contributions=[
        ContributionChange(
            direction="source",
            category="mixer",
            hop=2,
            share_before=None,
            share_after=0.25,
            points_before=None,
            points_after="14.000000",
        )
    ],
)
HISTORY = ScoreHistory(
    wallet=SCORE.wallet,
    scores=[
        PastScore(
            run_id=3,
            as_of=RUN.as_of,
            policy_version=RUN.policy_version,
            score="14.000000",
            risk_level="low",
            direction="source",
            main_category="mixer",
            rules=[],
            published=True,
        )
    ],
)
