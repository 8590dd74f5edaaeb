"""Scores and explanations of the published run."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from app.answers.comparisons import HISTORY, ScoreHistory
from app.answers.explanation import EXPLANATION, Explanation
from app.answers.scores import SCORE, TOP, TopScores, WalletScore
from app.answers.unrated import UNRATED, UnratedWallets
from app.api.dependencies import AppServices
from app.api.list_cursor import Cursor
from app.api.params import DEFAULT_LIMIT, Limit, RunId, WalletReference, WithTotal
from app.api.responses import errors, example
from app.api.score_query import AskedScores
from app.api.turns import HeavyWork
from app.errors import NotReady
from app.explain.explain import explain
from app.record.freshness import digest_of_policy
from app.record.wallets import find_wallet
from app.report.forms import ReportForm, file_name, rendered_report
from app.report.wallet_report import REPORT, WalletReport, wallet_report
from app.runs.board.listing import ROWS_AT_ONCE, top_scores
from app.runs.board.table import score_table
from app.runs.board.unrated import unrated_answer
from app.runs.history import history
from app.runs.queries import completed_or_published_run, completed_run
from app.runs.score_record import read_score_record
from app.runs.stored_policy import policy_of

named = APIRouter(tags=["scores"])
router = APIRouter(tags=["scores"])


@named.get("/scores/top", responses=example(200, TOP) | errors(404, 409))
def list_top_scores(
    services: AppServices,
    *,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
    asked: AskedScores,
) -> TopScores:
    """The highest scores of a run, with level, main reason and the change since the previous run.

    `next` belongs to the same filters and order: send them again with it.
    """
    with services.postgres.transaction(snapshot=True) as connection:
        return top_scores(
            connection,
            limit,
            cursor,
            run_id=asked.run_id,
            only=asked.only,
            sort=asked.sort,
            order=asked.order,
            with_total=with_total,
        )


@router.get(
    "/export/scores",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A line a wallet; text that looks like a formula begins with an apostrophe.",
            "content": {
                "text/csv": {
                    "schema": {"type": "string"},
                    "example": "chain,address,name,name_source,score,…\nethereum,0xaa…,,,14.000000,…\n",
                }
            },
        },
        **errors(404, 409),
    },
)
async def get_score_table(services: AppServices, asked: AskedScores) -> StreamingResponse:
    """All wallets that the filters find, in that order, as CSV. It is sent while it is read.

    Scores are those of the run, names those of the moment at which a thousand lines are read. An answer that
    ends early is broken off: its last chunk is missing.
    """

    def run_of() -> int:
        with services.postgres.transaction(snapshot=True) as connection:
            run = completed_or_published_run(connection, asked.run_id)
            asked.only.parameters(policy_of(run))  # refused here: what is sent while it is read cannot be
            return int(run.run_id)

    def read(cursor: str | None) -> tuple[str, str | None]:
        with services.postgres.transaction(snapshot=True) as connection:
            page = top_scores(
                connection,
                ROWS_AT_ONCE,
                cursor,
                run_id=run_id,
                only=asked.only,
                sort=asked.sort,
                order=asked.order,
            )
        return "".join(score_table(page.scores, with_header=cursor is None)), page.next

    run_id = await run_in_threadpool(run_of)

    disposition = f'attachment; filename="scores-run-{run_id}.csv"'
    return StreamingResponse(
        services.exports.text(read),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition},
    )


@router.get("/runs/{run_id}/unrated", responses=example(200, UNRATED) | errors(404, 409))
def get_unrated(services: AppServices, run_id: RunId) -> UnratedWallets:
    """How much of a run is unrated and why, and which wallets would rate most if they were labelled."""
    with services.postgres.transaction(snapshot=True) as connection:
        answer = unrated_answer(connection, completed_run(connection, run_id))
    if answer is None:
        raise NotReady(f"Scoring run {run_id} is of a version that did not keep this. Start a new run.")
    return answer


@named.get(
    "/scores/explain/{wallet}",
    dependencies=[HeavyWork],
    responses=example(200, EXPLANATION) | errors(404, 409),
)
def explain_score(services: AppServices, wallet: WalletReference) -> Explanation:
    """The stored score, its contributions, which add up to it, and their paths.

    When the graph does not answer, the stored score is returned with `status` `incomplete` and the reason.
    """
    return explain(services.postgres, services.graph, services.settings, wallet)


@named.get("/scores/{wallet}", responses=example(200, SCORE) | errors(404, 409))
def get_score(services: AppServices, wallet: WalletReference) -> WalletScore:
    """The stored score, level and exposures by category and hop in both directions.

    A wallet that is in the record but not in the run has a null score and the status `unknown`.
    """
    with services.postgres.transaction(snapshot=True) as connection:
        policy = digest_of_policy(services.settings.policy_file)
        return read_score_record(connection, wallet, policy).score


@router.get(
    "/scores/{wallet}/report",
    dependencies=[HeavyWork],
    response_class=Response,
    responses={
        200: {
            "description": "The report as a file.",
            "model": WalletReport,
            "content": {
                "application/pdf": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "%PDF-1.7 …",
                },
                "application/json": {"example": REPORT.model_dump(mode="json")},
                "text/csv": {
                    "schema": {"type": "string"},
                    "example": "part,direction,category,hop,…\ncontribution,source,mixer,2,…\n",
                },
            },
        },
        **errors(404, 409),
    },
)
def get_score_report(
    services: AppServices,
    wallet: WalletReference,
    form: Annotated[ReportForm, Query(alias="format", description="The format of the report.")] = "pdf",
) -> Response:
    """The evidence report of one wallet: score, arithmetic, paths with hashes, labels, run and digests."""
    report = wallet_report(services.postgres, services.graph, services.settings, wallet)
    media_type, body = rendered_report(report, form)
    name = f'attachment; filename="{file_name(report, form)}"'
    return Response(body, media_type=media_type, headers={"Content-Disposition": name})


@router.get(
    "/scores/{wallet}/history",
    responses=example(200, HISTORY) | errors(404, 409),
)
def list_score_history(
    services: AppServices,
    wallet: WalletReference,
    *,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> ScoreHistory:
    """The wallet's score in every completed run that has it, newest run first."""
    with services.postgres.transaction(snapshot=True) as connection:
        return history(connection, find_wallet(connection, wallet), limit, cursor, with_total=with_total)
