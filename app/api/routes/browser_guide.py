"""The guide and the style that Neo4j Browser fetches: public texts of the program, nothing of the record.

Neo4j Browser is a page of another origin and cannot send the token, so these answer without one, to any
origin. The address of a wallet in the path is only written back into the text, never looked up.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import PlainTextResponse

from app.api.dependencies import Services, Use
from app.api.problems import documented
from app.chains.addresses import normalise_address
from app.investigation.browser import STYLE, guide_root
from app.investigation.guide import guide, style
from app.policy.policy import load_policy

router = APIRouter(prefix="/browser-guide", tags=["neo4j browser"])

PLACEHOLDER = ("ethereum", "0x…")
_TYPES = {"html": "text/html", "adoc": "text/asciidoc"}
_EXAMPLES = {
    "text/html": {"example": '<article class="guide"><title>Follow the money</title>…'},
    "text/asciidoc": {"example": "= Follow the money …"},
}
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}

Form = Annotated[Literal["html", "adoc"], Path(description="`html` for Neo4j Browser 5, `adoc` for newer.")]


@router.get(
    "/investigation.{form}",
    response_class=Response,
    responses={200: {"content": _EXAMPLES}, **documented(422)},
)
def get_guide(use: Use, form: Form) -> Response:
    """The guide with a placeholder for the wallet; opened in Neo4j Browser by `:guide URL`."""
    return _guide(use, PLACEHOLDER, form)


@router.get(
    "/{chain}:{address}/investigation.{form}",
    response_class=Response,
    responses={200: {"content": _EXAMPLES}, **documented(422)},
)
def get_wallet_guide(
    use: Use,
    chain: Annotated[str, Path(max_length=40)],
    address: Annotated[str, Path(max_length=100)],
    form: Form,
) -> Response:
    """The guide with this wallet in its parameters."""
    return _guide(use, (chain, normalise_address(chain, address)), form)


@router.get(
    f"/{STYLE}",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": "node { caption: '{name}'; }"}}}},
)
def get_style(use: Use) -> Response:
    """Colours and captions for Neo4j Browser's `:style URL`."""
    return PlainTextResponse(style(load_policy(use.settings.policy_file)), headers=_HEADERS)


@router.options("/{path:path}", include_in_schema=False)
def allow(path: str) -> Response:  # noqa: ARG001 - the same for every path
    """Neo4j Browser asks before it fetches, because it sends headers against caches."""
    return Response(status_code=204, headers=_HEADERS | _ASKED)


_ASKED = {
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "600",
}


def _guide(use: Services, wallet: tuple[str, str], form: str) -> Response:
    text = guide(
        load_policy(use.settings.policy_file),
        chain=wallet[0],
        wallet=wallet[1],
        style_address=f"{guide_root(use.settings)}/{STYLE}",
        form=form,
    )
    return Response(text, media_type=_TYPES[form], headers=_HEADERS)
