"""The API and the pages as one application. Nothing is opened at import time."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI, params
from fastapi.routing import APIRoute

from app.api import problems
from app.api.answer_limit import AnswerLimit
from app.api.dependencies import Services
from app.api.middleware import RequestMiddleware
from app.api.probes import Probes
from app.api.routes import (
    browser_guide,
    explore,
    health,
    ingestion,
    metrics,
    openapi,
    reconcile,
    records,
    reload,
    runs,
    scores,
    verification,
)
from app.api.security import check_settings, require_token
from app.api.throttle import SignInThrottle
from app.operations.operation import Operations
from app.operations.status import StatusReader, ingestion_status
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.web.errors import error_page
from app.web.pages import routers as pages

DESCRIPTION = """
Risk scores of wallets that can be recomputed, are traced to exact transfers, and add up.

Every route is also under `/v1`. All but `/health` and `/ready` need the bearer token: press
**Authorize** and enter the value of `AML_API_TOKEN`. Amounts are strings of base units, scores and points
six-place decimal strings, shares numbers from 0 to 1. Errors are `application/problem+json` (RFC 9457).
"""


def create_app(settings: Settings, postgres: Postgres, graph: Graph) -> FastAPI:
    """The application on two open stores; the caller closes them.

    Raises:
        InvalidInput: authentication is off on an address that others can reach.
        DependencyMissing: authentication is on and there is no token.
    """
    check_settings(settings)
    app = FastAPI(
        title="AML risk",
        version=version("aml-risk"),
        description=DESCRIPTION,
        openapi_url=None,  # app/api/routes/openapi.py
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # such a redirect would follow the Host header
        generate_unique_id_function=_operation_id,
        lifespan=_lifespan,
    )
    app.state.services = Services(
        settings=settings,
        postgres=postgres,
        graph=graph,
        operations=Operations(),
        status=StatusReader(lambda: ingestion_status(settings, postgres, graph)),
        throttle=SignInThrottle(),
        probes=Probes(),
    )
    app.add_middleware(AnswerLimit)
    app.add_middleware(RequestMiddleware)
    app.state.error_page = error_page
    problems.install(app)
    needs_token = [Depends(require_token)]
    for router in (scores.router, reload.router, runs.start, ingestion.router, metrics.router):
        _include_twice(app, router, dependencies=needs_token)
    v1_routers = (
        runs.router,
        verification.router,
        records.router,
        reconcile.router,
        explore.router,
        reload.operations,
    )
    for router in v1_routers:
        app.include_router(router, prefix="/v1", dependencies=needs_token)
    _include_twice(app, health.router)
    app.include_router(browser_guide.router)
    app.include_router(openapi.router)
    pages.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.services.probes.close()


def _include_twice(app: FastAPI, router: APIRouter, *, dependencies: Sequence[params.Depends] = ()) -> None:
    """Adds routes without and with the prefix /v1; the OpenAPI document has them once."""
    app.include_router(router, dependencies=dependencies)
    app.include_router(router, prefix="/v1", include_in_schema=False, dependencies=dependencies)


def _operation_id(route: APIRoute) -> str:
    return route.name
