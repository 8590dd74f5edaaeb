"""The guide and the style that Neo4j Browser fetches: public texts, without data of the record.

Neo4j Browser is a page of another origin and cannot send the token, so these routes need none and allow any
origin. The wallet in the path is only written into the text, never looked up.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import PlainTextResponse

from app.api.dependencies import AppServices, Services
from app.chains.addresses import normalise_address
from app.investigation.browser import STYLE, guide_root
from app.investigation.guide import guide, style
from app.policy.policy import load_policy

router = APIRouter(prefix="/browser-guide", include_in_schema=False)

PLACEHOLDER = ("ethereum", "0x…")
_TYPES = {"html": "text/html", "adoc": "text/asciidoc"}
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}

Form = Annotated[Literal["html", "adoc"], Path(description="`html` for Neo4j Browser 5, `adoc` for newer.")]


@router.get(
    "/investigation.{form}",
    response_class=Response,
)
def get_guide(services: AppServices, form: Form) -> Response:
    """The guide with a placeholder for the wallet; opened in Neo4j Browser by `:guide URL`."""
    return _guide(services, PLACEHOLDER, form)


@router.get(
    "/{chain}:{address}/investigation.{form}",
    response_class=Response,
)
def get_wallet_guide(
    services: AppServices,
    chain: Annotated[str, Path(max_length=40)],
    address: Annotated[str, Path(max_length=100)],
    form: Form,
) -> Response:
    """The guide with a wallet in its parameters."""
    return _guide(services, (chain, normalise_address(chain, address)), form)


@router.get(
    f"/{STYLE}",
    response_class=PlainTextResponse,
)
def get_style(services: AppServices) -> Response:
    """Colours and captions for Neo4j Browser's `:style URL`."""
    return PlainTextResponse(style(load_policy(services.settings.policy_file)), headers=_HEADERS)


@router.options("/{path:path}", include_in_schema=False)
def allow(path: str) -> Response:  # noqa: ARG001 - the same for every path
    """The answer to the preflight request of Neo4j Browser, which sends cache headers."""
    return Response(status_code=204, headers=_HEADERS | _PREFLIGHT_HEADERS)


_PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "600",
}


def _guide(services: Services, wallet: tuple[str, str], form: str) -> Response:
    text = guide(
        load_policy(services.settings.policy_file),
        chain=wallet[0],
        wallet=wallet[1],
        style_address=f"{guide_root(services.settings)}/{STYLE}",
        form=form,
    )
    return Response(text, media_type=_TYPES[form], headers=_HEADERS)
