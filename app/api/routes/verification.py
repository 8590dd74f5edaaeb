"""Verifying a run, and comparing two."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.answers.comparisons import DIFF, VERIFICATION, WALLET_DIFF, RunDiff, WalletDiff
from app.api.dependencies import AppServices
from app.api.long_work import operation_answer
from app.api.params import Cursor, RunId, WaitSeconds
from app.api.problems import errors
from app.api.responses import example
from app.operations.diff import DIFF_SECONDS, start_diff
from app.operations.operation import DONE, RUNNING, OperationStatus
from app.operations.verify import start_verification

router = APIRouter(tags=["scoring runs"])

VERIFYING = RUNNING.model_copy(update={"kind": "verify", "step": "accounting every pool again"})
COMPARING = RUNNING.model_copy(update={"kind": "diff", "step": "starting", "progress": 0.0})
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
    responses=example(200, VERIFIED) | example(202, VERIFYING) | errors(401, 403, 404, 409, 422, 503),
)
def verify(
    services: AppServices, response: Response, run_id: RunId, wait_seconds: WaitSeconds
) -> OperationStatus:
    """Computes a run again from the record and compares all its results.

    Answers 202 with the operation, or, with `Prefer: wait=N`, 200 with its result: `equal`, or the first
    difference of each kind.
    """
    return operation_answer(
        start_verification(services.operations, services.postgres, run_id), response, wait_seconds
    )


@router.get(
    "/runs/{a}/diff/{b}",
    responses=_BOTH_DIFFS | example(202, COMPARING) | errors(401, 404, 409, 422, 503),
    response_model=RunDiff | WalletDiff,
)
def diff(
    services: AppServices,
    response: Response,
    a: RunId,
    b: RunId,
    wait_seconds: WaitSeconds,
    *,
    wallet: Annotated[str | None, Query(max_length=200, description="Only this wallet.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Wallets on one page.")] = 20,
    cursor: Cursor = None,
) -> RunDiff | WalletDiff | Response:
    """Wallets whose score changed from run `a` to run `b`, biggest change first, and why.

    With `wallet`, the contributions of that wallet before and after. Both runs are computed again, which
    takes about as long as running them: what takes longer than two seconds, or than `Prefer: wait=N`, goes on
    as an operation (202), and the same request is answered when that has ended. Further pages use its result.
    """
    operation = start_diff(services.operations, services.postgres, a, b)
    if operation is not None:
        status = operation_answer(operation, response, wait_seconds or DIFF_SECONDS)
        if response.status_code == HTTPStatus.ACCEPTED:
            return Response(
                status.model_dump_json(), HTTPStatus.ACCEPTED, dict(response.headers), "application/json"
            )
    from app.verify.diff_lists import run_diff, wallet_diff  # noqa: PLC0415 - loads a compiler

    if wallet is not None:
        return wallet_diff(services.postgres, a, b, wallet)
    return run_diff(services.postgres, a, b, limit, cursor)
