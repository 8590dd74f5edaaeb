"""What every route may use, handed in by `create_app`: nothing is opened at import time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.api.operations import Operations
from app.graph import Graph
from app.postgres import Postgres
from app.settings import Settings


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
