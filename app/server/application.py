"""The API and the pages as one application. Nothing is opened at import time."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as installed_version
from typing import Final

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from app.api import document, problems
from app.api.asgi.answer_limit import AnswerLimit
from app.api.asgi.bodies import Bodies
from app.api.asgi.compression import Compression
from app.api.asgi.entity_tags import EntityTagMiddleware
from app.api.asgi.gate import Gate
from app.api.asgi.middleware import REQUEST_ID, RequestMiddleware, is_request_id
from app.api.dependencies import Services
from app.api.known_parameters import only_known_parameters
from app.api.repeated_fields import no_repeated_fields
from app.api.responses import errors
from app.api.routes import (
    alerts,
    browser_guide,
    catalogue,
    explore,
    graph,
    health,
    imports,
    ingestion,
    messages,
    metrics,
    openapi,
    questions,
    records,
    runs,
    scores,
    screenings,
    verification,
    version,
    webhooks,
)
from app.api.security import check_settings, require_token
from app.api.sharing.exports import Exports
from app.api.sharing.probes import Probes
from app.api.sharing.waiting import Waiting
from app.api.throttle import RequestLimit, SignInThrottle, limit_requests
from app.api.turns import BATCHES_AT_ONCE, HEAVY_AT_ONCE
from app.operations.operation import Operations
from app.operations.status import StatusReader, ingestion_status
from app.screening.screen import Screener
from app.server.topic import Topic
from app.server.withdrawal import withdraw
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.web.errors import error_page
from app.web.pages import routers as pages

DESCRIPTION = """
Risk scores of wallets that can be recomputed, are traced to exact transfers, and add up.

Every route stands under `/v1`; `docs/api.md` says what may change there. Eight also answer without it:
`POST /reload-graph`, `POST /run-score`, `GET /scores/top`, `GET /scores/{wallet}`,
`GET /scores/explain/{wallet}`, `GET /ingestion/status`, `GET /ready` and `GET /health`. All but the last two
need the bearer token: press **Authorize** and enter the value of `AML_API_TOKEN`. Amounts are strings of base
units, scores and points six-place decimal strings, shares numbers from 0 to 1. Errors are
`application/problem+json` (RFC 9457). A query parameter that a route does not have is an error.
"""
MIN_COMPRESSED_BYTES: Final = 1_024
NAMED: Final = (scores.named, graph.named, runs.named, ingestion.named)
"""Routes that also answer without `/v1`, and `/health` and `/ready`."""
V1: Final = (
    scores.router,
    runs.router,
    verification.router,
    records.router,
    ingestion.router,
    imports.router,
    graph.router,
    explore.router,
    questions.router,
    metrics.router,
    version.router,
    messages.router,
    catalogue.router,
    webhooks.router,
    alerts.router,
    screenings.router,
)


def create_app(settings: Settings, postgres: Postgres, graph: Graph) -> FastAPI:
    """The application on two open stores; the caller closes them.

    Raises:
        InvalidInput: authentication is off on an address that others can reach.
        DependencyMissing: authentication is on and there is no token.
    """
    check_settings(settings)
    app = FastAPI(
        title="AML risk",
        version=installed_version("aml-risk"),
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
        request_limit=RequestLimit(settings.api_requests_per_minute),
        probes=Probes(),
        topic=Topic(settings, postgres),
        screener=Screener(postgres, graph, settings),
        withdraw=withdraw,
        waiting=Waiting(),
        exports=Exports(),
        heavy=Semaphore(HEAVY_AT_ONCE),
        batches=Semaphore(BATCHES_AT_ONCE),
    )
    # The last one is the outermost.
    app.add_middleware(Bodies)
    app.add_middleware(Gate)
    app.add_middleware(EntityTagMiddleware)
    app.add_middleware(Compression, minimum_size=MIN_COMPRESSED_BYTES, compresslevel=5)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-None-Match",
                "Prefer",
                REQUEST_ID,
            ],
            expose_headers=["ETag", "Location", "Preference-Applied", "Retry-After", REQUEST_ID],
            max_age=600,
        )
    app.add_middleware(AnswerLimit)
    app.add_middleware(RequestMiddleware)
    app.add_middleware(CorrelationIdMiddleware, header_name=REQUEST_ID, validator=is_request_id)
    app.state.error_page = error_page
    problems.install(app)
    for prefix in ("/v1", ""):
        is_alias = not prefix
        for router in (*NAMED, *V1) if prefix else (*NAMED, metrics.router):
            app.include_router(
                router,
                prefix=prefix,
                include_in_schema=not is_alias,
                dependencies=[
                    Depends(limit_requests),
                    Depends(require_token),
                    Depends(only_known_parameters),
                    Depends(no_repeated_fields),
                ],
                responses=errors(401, 403, 422, 429, 503),
            )
        app.include_router(
            health.router,
            prefix=prefix,
            include_in_schema=not is_alias,
            dependencies=[Depends(only_known_parameters)],
            responses=errors(403, 422),
        )
    app.include_router(browser_guide.router)
    app.include_router(openapi.router)
    pages.install(app)
    document.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.services.probes.close()
    app.state.services.waiting.close()


def _operation_id(route: APIRoute) -> str:
    return route.name
