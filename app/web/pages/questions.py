"""The numbered questions as pages: a list, and each question with its form and its answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData, QueryParams

from app.answers.base import WalletName
from app.api.dependencies import AppServices, Services
from app.api.params import WalletReference
from app.errors import AmlError, InvalidInput, NotFound
from app.investigation.answers import QuestionAnswer
from app.investigation.asking import answer, read_wallets
from app.investigation.browser import editor_url, text_with_values
from app.investigation.parameters import Parameter
from app.investigation.questions import Question, complete, question, questions
from app.policy.policy import load_policy
from app.record.wallets import KnownWallet, find_wallet
from app.web.numbers import cell
from app.web.templating import page
from cypher import query

router = APIRouter()
WALLET_SECONDS = 6.0
"""A page that is read is answered within ten seconds, with the count of what is left out."""
RECORD_SECONDS = 30.0
DEFAULT_CHAIN = "ethereum"
MAX_ROWS_OF_A_PAGE = 200
Number = Annotated[str, Path(max_length=60)]


async def _form(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=50)


@router.get("/questions")
def record_questions(request: Request) -> HTMLResponse:
    """The questions about the whole record."""
    asked = [each for each in questions() if not each.is_of_wallet]
    return page(request, "questions/list.html", questions=asked, wallet=None)


@router.get("/questions/{number}")
def record_question_form(request: Request, services: AppServices, number: Number) -> HTMLResponse:
    """The form of a question about the whole record; it is asked by sending the form."""
    return _page(request, services, _of_record(number), None, sent={}, seconds=None)


@router.post("/questions/{number}")
def ask_of_record(
    request: Request, services: AppServices, number: Number, form: Annotated[FormData, Depends(_form)]
) -> HTMLResponse:
    """The answer to a question about the whole record; it may take half a minute."""
    about = _of_record(number)
    return _page(request, services, about, None, sent=_values(form), seconds=RECORD_SECONDS)


@router.get("/wallets/{wallet}/questions")
def wallet_questions(request: Request, services: AppServices, wallet: WalletReference) -> HTMLResponse:
    """The questions about a wallet."""
    with services.postgres.transaction() as connection:
        known = find_wallet(connection, wallet)
    asked = [each for each in questions() if each.is_of_wallet]
    return page(request, "questions/list.html", questions=asked, wallet=_name(known))


@router.get("/wallets/{wallet}/questions/{number}")
def wallet_question(
    request: Request, services: AppServices, wallet: WalletReference, number: Number
) -> HTMLResponse:
    """A question about a wallet with its answer, which the address of the page holds whole.

    Raises:
        NotFound: there is no such question, or nothing is recorded of the wallet.
    """
    about = question(number)
    if not about.is_of_wallet:
        raise NotFound(f"Question {about.number} is not about a wallet. It is at /questions/{about.number}.")
    with services.postgres.transaction() as connection:
        known = find_wallet(connection, wallet)
    return _page(request, services, about, known, sent=_values(request.query_params), seconds=WALLET_SECONDS)


def _of_record(number: str) -> Question:
    about = question(number)
    if about.is_of_wallet:
        raise NotFound(f"Question {about.number} is about a wallet: ask it on the wallet's page.")
    return about


def _values(sent: FormData | QueryParams) -> dict[str, str]:
    """What a form holds; an empty field is left to its default."""
    return {name: value for name, value in sent.items() if isinstance(value, str) and value.strip()}


def _page(
    request: Request,
    services: Services,
    about: Question,
    known: KnownWallet | None,
    *,
    sent: dict[str, str],
    seconds: float | None,
) -> HTMLResponse:
    """The form with what was sent, and the answer if nothing is missing and a time limit is given."""
    found: QuestionAnswer | None = None
    fault: AmlError | None = None
    link: str | None = None
    if known is None and "chain" in about.query.params:
        sent = {"chain": DEFAULT_CHAIN} | sent
    missing = [one.name for one in _fields(about) if one.is_required and one.name not in sent]
    if seconds is not None and not missing:
        try:
            parameters = _parameters(services, about, known, sent)
            found = answer(services.graph, about, parameters, timeout_seconds=seconds)
            link = editor_url(services.settings, text_with_values(about.query.text, found.parameters))
        except AmlError as exc:
            fault = exc
    return page(
        request,
        "questions/answer.html",
        status_code=200 if fault is None else fault.status,
        about=about,
        wallet=None if known is None else _name(known),
        fields=_fields(about),
        values={one.name: sent.get(one.name, _shown(one.default)) for one in _fields(about)},
        times=_times(services, known) if any(one.kind == "time" for one in _fields(about)) else None,
        categories=list(load_policy(services.settings.policy_file).categories),
        found=found,
        fault=None if fault is None else str(fault),
        link=link,
        cell=cell,
        max_rows=MAX_ROWS_OF_A_PAGE,
    )


def _parameters(
    services: Services, about: Question, known: KnownWallet | None, sent: dict[str, str]
) -> dict[str, Any]:
    values: dict[str, Any] = dict(sent)
    other = values.pop("other", None)
    with services.postgres.transaction() as connection:
        name = None if known is None else str(_name(known))
        parameters = read_wallets(connection, about, values, wallet=name, other=other)
    complete_parameters = complete(about, parameters)
    if complete_parameters.get("row_limit", 0) > MAX_ROWS_OF_A_PAGE:
        raise InvalidInput(f"A page shows {MAX_ROWS_OF_A_PAGE} rows at most; the API and `aml` give more.")
    return complete_parameters


def _fields(about: Question) -> list[Parameter]:
    """What the form asks for: all but the wallet of the page and the chain, which it says."""
    hidden = {"wallet", "chain", "watermark"} if about.is_of_wallet else {"watermark"}
    return [one for one in about.parameters().values() if one.name not in hidden]


def _shown(default: object) -> str:
    return "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)


def _times(services: Services, known: KnownWallet | None) -> dict[str, str] | None:
    """The days of the first and the last transfer, of the wallet or of the record; None if there is none."""
    name, parameters = ("explore/times_of_record", {})
    if known is not None:
        name, parameters = "explore/times_of_wallet", {"chain": known.chain, "address": known.address}
    (row,) = services.graph.read(query(name), parameters)
    if row["first"] is None:
        return None
    return {name: f"{row[name].to_native():%Y-%m-%d}" for name in ("first", "last")}


def _name(known: KnownWallet) -> WalletName:
    return WalletName(chain=known.chain, address=known.address)
