"""Pages from templates: one environment, escaping on, undefined names are errors."""

from functools import partial
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.answers.scores import RESIDUAL_NAMES
from app.answers.values.text_direction import without_direction_marks
from app.chains.block_explorers import address_url, transaction_url
from app.settings import Settings
from app.web import numbers
from app.web.static_files import is_built, static_url


def _shown(value: Any) -> Any:  # noqa: ANN401 - whatever a template names
    """A value as a page shows it: other people's names may have marks that turn the text beside them."""
    return without_direction_marks(value) if type(value) is str else value


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    name: getattr(numbers, name)
    for name in (
        "grouped",
        "moment",
        "percent",
        "short",
        "span",
        "two_digits",
        "units",
        "units_short",
        "words",
    )
}
_environment.globals |= {"static_url": static_url, "residual_names": RESIDUAL_NAMES}


def page(request: Request, template: str, *, status_code: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """A page from a template, as the response to a request; browsers do not cache it.

    Raises:
        jinja2.UndefinedError: the template uses a name that has no value.
    """
    settings: Settings = request.app.state.services.settings
    context = {
        "here": request.url.path,
        "needs_token": settings.api_auth == "on",
        "has_scripts": is_built(),
        "address_url": partial(address_url, settings.block_explorers),
        "transaction_url": partial(transaction_url, settings.block_explorers),
    }
    body = _environment.get_template(template).render(context | values)
    return HTMLResponse(body, status_code, headers={"Cache-Control": "no-store"})


def is_fragment(request: Request) -> bool:
    """Whether htmx requests a part of a page that is open already."""
    return "hx-request" in request.headers
