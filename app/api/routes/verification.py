"""Verifying a run, and comparing two."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from app.answers.comparisons import DIFF, WALLET_DIFF, RunDiff, WalletDiff
from app.answers.names import RiskLevel
from app.api.dependencies import AppServices
from app.api.list_cursor import Cursor
from app.api.long_work import operation_answer
from app.api.params import DEFAULT_LIMIT, WALLET_PATTERN, Limit, RunId, WaitSeconds
from app.api.responses import errors, example
from app.api.sharing.waiting import MAX_READ_WAIT_SECONDS
from app.errors import InvalidInput
from app.operations.operation_answers import COMPARING, VERIFIED, VERIFYING, VerifyOperation
from app.operations.verify import DIFF_SECONDS, start_diff, start_verification

router = APIRouter(tags=["scoring runs"])

_BOTH_DIFFS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "OK",
        "content": {
            "application/json": {
                "examples": {
                    "all wallets": {"value": DIFF.model_dump(mode="json")},
                    "one wallet": {"value": WALLET_DIFF.model_dump(mode="json")},
                }
            }
        },
    }
}


@router.post(
    "/runs/{run_id}/verify",
    status_code=202,
    responses=example(200, VERIFIED) | example(202, VERIFYING) | errors(404, 409),
)
async def verify_run(
    services: AppServices, response: Response, run_id: RunId, wait_seconds: WaitSeconds
) -> VerifyOperation:
    """Computes a run again from the record and compares all its results.

    Answers 202 with the operation, or, with `Prefer: wait=N`, 200 with its result: `equal`, or the first
    difference of each kind.
    """
    operation = await run_in_threadpool(start_verification, services.operations, services.postgres, run_id)
    answer: VerifyOperation = await operation_answer(operation, response, wait_seconds)
    return answer


@router.get(
    "/runs/{run_id_before}/diff/{run_id_after}",
    responses=_BOTH_DIFFS | example(202, COMPARING) | errors(404, 409),
    response_model=Annotated[RunDiff | WalletDiff, Field(discriminator="kind")],
)
async def compare_runs(
    services: AppServices,
    response: Response,
    run_id_before: RunId,
    run_id_after: RunId,
    wait_seconds: WaitSeconds,
    *,
    request: Request,
    wallet: Annotated[
        str | None,
        Query(max_length=200, json_schema_extra={"pattern": WALLET_PATTERN}, description="Only this wallet."),
    ] = None,
    risk_level_before: Annotated[
        RiskLevel | None, Query(description="Only wallets that had this level in the first run.")
    ] = None,
    risk_level_after: Annotated[
        RiskLevel | None, Query(description="Only wallets that have this level in the second run.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> RunDiff | WalletDiff | Response:
    """Wallets whose score changed between two runs, biggest change first, and why.

    With `wallet`, the contributions of that wallet before and after. Both runs are computed again, which
    takes about as long as running them: what takes longer than two seconds, or than `Prefer: wait=N` (8 at
    most), goes on as an operation (202), and the same request is answered when that has ended. Further pages
    use its result.
    """
    if wallet is not None:
        _refuse_filters(request)
    operation = await run_in_threadpool(
        start_diff, services.operations, services.postgres, run_id_before, run_id_after
    )
    if operation is not None:
        wait_seconds = min(wait_seconds or DIFF_SECONDS, MAX_READ_WAIT_SECONDS)
        status = await operation_answer(operation, response, wait_seconds)
        if response.status_code == HTTPStatus.ACCEPTED:
            return Response(
                status.model_dump_json(), HTTPStatus.ACCEPTED, dict(response.headers), "application/json"
            )
    from app.verify.diff_lists import run_diff, wallet_diff  # noqa: PLC0415 - loads a compiler

    if wallet is not None:
        return await run_in_threadpool(wallet_diff, services.postgres, run_id_before, run_id_after, wallet)
    return await run_in_threadpool(
        run_diff,
        services.postgres,
        run_id_before,
        run_id_after,
        limit,
        cursor,
        risk_level_before=risk_level_before,
        risk_level_after=risk_level_after,
    )


def _refuse_filters(request: Request) -> None:
    """One wallet has one comparison: what chooses among many would be passed over.

    Raises:
        InvalidInput: there is such a parameter.
    """
    for name in request.query_params:
        if name != "wallet":
            message = f"{name} is of the list of all wallets: leave it out beside wallet."
            raise InvalidInput(message, name=name)
