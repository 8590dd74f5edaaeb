"""The numbered questions to the graph: which there are, and asking one."""

from typing import Annotated

from fastapi import APIRouter, Body, Path

from app.api.dependencies import AppServices
from app.api.responses import errors, example
from app.investigation.answers import ANSWER, QUESTIONS, QuestionAnswer, QuestionList, QuestionRequest
from app.investigation.asking import answer, read_wallets
from app.investigation.listing import listed
from app.investigation.questions import question

router = APIRouter(tags=["questions"])
WALLET_SECONDS = 10.0
RECORD_SECONDS = 30.0
"""Time limits of one question about a wallet, and of one about the whole record."""


@router.get("/questions", responses=example(200, QUESTIONS))
def list_questions() -> QuestionList:
    """The questions that can be asked of the graph, with their parameters and their columns."""
    return listed()


@router.post("/questions/{question}", responses=example(200, ANSWER) | errors(404, 409, 504))
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
