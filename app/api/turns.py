"""Requests that compute much take turns, so that threads and the processor are left for others."""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import Depends

from app.api.dependencies import AppServices

HEAVY_AT_ONCE: Final = 4
"""More would not be answered sooner: they share the processor, and the threads and connections of all."""
BATCHES_AT_ONCE: Final = 2
"""Screenings of many subjects: nothing else waits behind them, and they take seconds each."""


async def _turn(services: AppServices) -> AsyncIterator[None]:
    async with services.heavy:
        yield


HeavyWork = Depends(_turn, scope="function")
"""Of routes whose answer takes long to compute; who waits for its turn holds nothing."""
