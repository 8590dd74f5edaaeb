"""Middleware that answers a request that only reads within a limit, whatever its route waits for."""

import asyncio
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.api.security import SAFE_METHODS
from app.errors import DependencyMissing
from app.stores.limits import READ_ANSWER_SECONDS


class AnswerLimit:
    """A route waits in a thread, for its turn or for a store, and a thread cannot be ended from outside.

    So after the limit the client is told, and what the route still does answers nobody: the limits of the
    stores end it a little later. A request that waits for its turn is dropped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._late: set[asyncio.Future[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on; those that change something have no limit of this kind."""
        if scope["type"] != "http" or scope["method"] not in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        has_begun = is_over = False

        async def send_in_time(message: Message) -> None:
            nonlocal has_begun
            if is_over:
                return
            has_begun = True
            await send(message)

        work = asyncio.ensure_future(self.app(scope, receive, send_in_time))
        try:
            done, _ = await asyncio.wait({work}, timeout=READ_ANSWER_SECONDS)
            if done or has_begun:
                await work
                return
        except asyncio.CancelledError:
            work.cancel()
            raise
        is_over = True
        work.cancel()
        self._late.add(work)
        work.add_done_callback(self._ended)
        detail = f"There was no answer within {READ_ANSWER_SECONDS:g} s: a server hangs or is busy."
        answer = problem(Request(scope), DependencyMissing.status, DependencyMissing.kind, detail)
        await answer(scope, receive, send)

    def _ended(self, work: asyncio.Future[Any]) -> None:
        self._late.discard(work)
        if not work.cancelled():
            work.exception()  # nobody waits for it, and the log need not say that
