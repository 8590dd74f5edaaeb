"""Examples of looking back, of the same wallet as `app.api.examples.scores`."""

from app.answers.run_schemas import (
    ContributionChange,
    History,
    Parts,
    PastScore,
    RunDiff,
    ScoreChange,
    Verification,
    WalletDiff,
)
from app.answers.schemas import RunName
from app.api.examples.scores import RUN, SCORE
from app.api.routes.reload import DONE, RUNNING

_BEFORE = RunName.model_validate(RUN.model_copy(update={"run_id": 2}), from_attributes=True)
_AFTER = RunName.model_validate(RUN, from_attributes=True)
_CHANGE = ScoreChange(
    wallet=SCORE.wallet,
    old="0.000000",
    new="14.000000",
    change="14.000000",
    change_micro=14_000_000,
    parts=Parts(transfers="2.000000", labels="12.000000", policy="0.000000", engine="0.000000"),
)
VERIFICATION = Verification(
    run_id=3, equal=True, engine="ledger", differences=[], notes=[], transfers=117, exposures=88, scores=64
)
VERIFYING = RUNNING.model_copy(update={"kind": "verify", "step": "accounting every pool again"})
VERIFIED = DONE.model_copy(update={"kind": "verify", "result": VERIFICATION.model_dump(mode="json")})
DIFF = RunDiff(a=_BEFORE, b=_AFTER, changed=1, changes=[_CHANGE])
WALLET_DIFF = WalletDiff(
    a=_BEFORE,
    b=_AFTER,
    score=_CHANGE,
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
HISTORY = History(
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
