"""The services that routes use; `create_app` sets them, so nothing is opened at import time."""

from asyncio import Semaphore
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.api.sharing.exports import Exports
from app.api.sharing.probes import Probes
from app.api.sharing.waiting import Waiting
from app.api.throttle import RequestLimit, SignInThrottle
from app.api.topic import TransferTopic
from app.operations.operation import Operations
from app.operations.status import StatusReader
from app.operations.undo_import import Withdraw
from app.screening.screen import Screener
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Services:
    """The stores, the settings and the long work of this process."""

    settings: Settings
    postgres: Postgres
    graph: Graph
    operations: Operations
    status: StatusReader
    throttle: SignInThrottle
    request_limit: RequestLimit
    probes: Probes
    topic: TransferTopic
    screener: Screener
    withdraw: Withdraw
    waiting: Waiting
    exports: Exports
    heavy: Semaphore
    batches: Semaphore


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


AppServices = Annotated[Services, Depends(_services)]
