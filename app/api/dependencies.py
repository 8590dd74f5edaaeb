"""What every route may use, handed in by `create_app`: nothing is opened at import time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.operations.operation import Operations
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Doors:
    """The two stores, the settings and the work of this process."""

    settings: Settings
    postgres: Postgres
    graph: Graph
    operations: Operations
    probes: ThreadPoolExecutor


def _doors(request: Request) -> Doors:
    doors: Doors = request.app.state.doors
    return doors


Use = Annotated[Doors, Depends(_doors)]
