"""The numbered questions to the graph, which there are and asking one; and search."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from app.api.dependencies import AppServices
from app.api.params import PLAIN_TEXT
from app.api.responses import errors, example
from app.investigation.answers import ANSWER, QUESTIONS, QuestionAnswer, QuestionList, QuestionRequest
from app.investigation.asking import answer, read_wallets
from app.investigation.found import SEARCH, SearchResults
from app.investigation.listing import listed
from app.investigation.questions import question
from app.investigation.search import search

router = APIRouter()
MAX_SEARCHED = 200
WALLET_SECONDS = 10.0
RECORD_SECONDS = 30.0
"""Time limits of one question about a wallet, and of one about the whole record."""


@router.get("/questions", responses=example(200, QUESTIONS), tags=["questions"])
def list_questions() -> QuestionList:
    """The questions that can be asked of the graph, with their parameters and their columns."""
    return listed()


@router.post(
    "/questions/{question}",
    responses=example(200, ANSWER) | errors(404, 409, 504),
    tags=["questions"],
)
def ask_question(
    services: AppServices,
    number_or_name: Annotated[
        str,
        Path(
            alias="question",
            max_length=60,
            description="A question's name, or its number.",
            json_schema_extra={"pattern": r"^[0-9a-z_]+$"},
            examples=["shortest_evidence"],
        ),
    ],
    asked: Annotated[QuestionRequest, Body()],
) -> QuestionAnswer:
    """Asks one question; it changes nothing. A parameter beyond what the question can do is refused.

    Paths end at labelled wallets: `left_out` counts those that go through them, `through_labels` lists them.
    Questions about the whole record are answered one at a time, within 30 seconds; others within 10.
    """
    about = question(number_or_name)
    with services.postgres.transaction() as connection:
        parameters = read_wallets(connection, about, asked.parameters, wallet=asked.wallet, other=asked.other)
    seconds = WALLET_SECONDS if about.is_of_wallet else RECORD_SECONDS
    return answer(services.graph, about, parameters, timeout_seconds=seconds)


@router.get("/search", responses=example(200, SEARCH), tags=["the record"])
def list_matches(
    services: AppServices,
    *,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_SEARCHED,
            pattern=PLAIN_TEXT,
            description="An address or its beginning (four characters at least), a transaction hash, words of"
            " a label's name, a customer reference or a reference of yours.",
            examples=["tornado"],
        ),
    ],
    chain: Annotated[
        str | None, Query(max_length=40, pattern=PLAIN_TEXT, description="Only wallets of this chain.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="The most results.")] = 12,
) -> SearchResults:
    """The wallets and transactions that a text names: the exact ones alone where there are any."""
    return search(services.postgres, services.graph, q, chain=chain, limit=limit)
