"""Middleware that settles who may ask, and how often, before a byte of the body is read.

FastAPI reads and parses a body before the dependencies of its route are asked. So routes only say by their
dependencies what they need, and it is asked here.
"""

from collections.abc import Iterator
from re import Pattern
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import aml_problem
from app.api.security import ADMITTED, check_token, require_token
from app.api.throttle import count_request, limit_requests
from app.errors import AmlError


class _Way(NamedTuple):
    """One route as the gate sees it."""

    path: Pattern[str]
    methods: frozenset[str]
    route: Any
    is_counted: bool
    needs_token: bool


class Gate:
    """Counts a request and looks at its token where its route says so; a refused one goes no further."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._ways: tuple[_Way, ...] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request on, or refuses it; other messages of the server pass unchanged."""
        if scope["type"] != "http" or (way := self._way(scope)) is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            if way.is_counted:
                count_request(request)
            if way.needs_token:
                await check_token(request)
                scope[ADMITTED] = True
        except AmlError as exc:
            scope["route"] = way.route  # it is measured by its route
            await aml_problem(request, exc)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _way(self, scope: Scope) -> _Way | None:
        """The first route of the application that has the path and the method, as the router chooses."""
        if self._ways is None:
            self._ways = tuple(_ways(scope["app"]))
        for way in self._ways:
            if scope["method"] in way.methods and way.path.match(scope["path"]):
                return way
        return None


def _ways(app: FastAPI) -> Iterator[_Way]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            asked = set(_calls(context.dependant))
            yield _Way(
                context.path_regex,
                frozenset(context.methods or ()),
                context.original_route,
                limit_requests in asked,
                require_token in asked,
            )


def _calls(dependant: Dependant) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)
