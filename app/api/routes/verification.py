"""Looking back at runs: verifying one, and what changed between two."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.answers.comparisons import DIFF, VERIFICATION, WALLET_DIFF, RunDiff, WalletDiff
from app.api.dependencies import Use
from app.api.long_work import answer_of
from app.api.params import RunId, WaitSeconds
from app.api.problems import documented
from app.api.responses import answers
from app.operations.operation import DONE, RUNNING, OperationStatus
from app.operations.verify import start_verification

router = APIRouter(tags=["scoring runs"])

VERIFYING = RUNNING.model_copy(update={"kind": "verify", "step": "accounting every pool again"})
VERIFIED = DONE.model_copy(update={"kind": "verify", "result": VERIFICATION.model_dump(mode="json")})

_BOTH_DIFFS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/json": {
                "examples": {
                    "all wallets": {"value": DIFF.model_dump(mode="json")},
                    "one wallet": {"value": WALLET_DIFF.model_dump(mode="json")},
                }
            }
        }
    }
}


@router.post(
    "/runs/{run_id}/verify",
    status_code=202,
    responses=answers(200, VERIFIED) | answers(202, VERIFYING) | documented(401, 403, 404, 409, 422, 503),
)
def verify(use: Use, response: Response, run_id: RunId, wait_seconds: WaitSeconds) -> OperationStatus:
    """Computes a run again from the record, and compares all it stored.

    Answers 202 with the operation to look at, or, with `Prefer: wait=N`, 200 with its result: `equal`, or
    the first difference of each kind.
    """
    return answer_of(start_verification(use.operations, use.postgres, run_id), response, wait_seconds)


@router.get(
    "/runs/{a}/diff/{b}",
    responses=_BOTH_DIFFS | documented(401, 404, 409, 422, 503),
)
def diff(
    use: Use,
    a: RunId,
    b: RunId,
    *,
    wallet: Annotated[str | None, Query(max_length=200, description="Only this wallet.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Wallets on one page.")] = 20,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
) -> RunDiff | WalletDiff:
    """Wallets whose score changed from run `a` to run `b`, biggest change first, and why.

    With `wallet`, that one's contributions before and after. Both runs are computed again, which takes about
    as long as running them; the next page finds that done.
    """
    from app.verify.diff_lists import run_diff, wallet_diff  # noqa: PLC0415 - loads a compiler

    if wallet is not None:
        return wallet_diff(use.postgres, a, b, wallet)
    return run_diff(use.postgres, a, b, limit, cursor)
