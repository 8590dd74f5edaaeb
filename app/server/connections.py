"""Connections have time limits and a number: a stranger who sends or reads nothing holds nothing for long.

uvicorn bounds only the pause between two requests of a connection, so its protocol is extended here.
"""

import asyncio
import resource
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final
from weakref import WeakKeyDictionary

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEAD_SECONDS: Final = 10.0
"""From the connection, or from the first byte of a later request, to the end of the head."""
BODY_SECONDS: Final = 20.0
"""From the head to the end of the body, which has 64 KiB at most."""
PATIENCE_SECONDS: Final = 1.0
"""How long a body may take to begin; then the route gets its request without a byte of it."""
READ_SECONDS: Final = 60.0
"""How long a client may take for what a buffer holds of an answer, some 64 KiB."""
ANSWER_SECONDS: Final = 3_600.0
"""From the whole request to the end of its answer, however slowly it is read."""
OWN_DESCRIPTORS: Final = 896
"""Of the process itself: connections to the stores, files, and connections that were accepted in the last
steps, before those are closed that give place to them."""
DESCRIPTORS: Final = 4_096
MAX_CONNECTIONS: Final = 1_000
MAX_OF_ONE_ADDRESS: Final = 100


def raise_descriptor_limit() -> None:
    """Gives this process as many descriptors as it may have, up to `DESCRIPTORS`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def max_connections() -> int:
    """How many connections are open at most: fewer than the process has descriptors for."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(16, min(MAX_CONNECTIONS, descriptors - OWN_DESCRIPTORS))


class _Requests(h11.Connection):
    """The events of a connection; a request that promises a body is held until a byte of it has come.

    In a flood a client that sends heads alone reaches no route: its connections give their place sooner.
    """

    is_patient = True
    held: h11.Request | None = None

    def next_event(self) -> Any:  # noqa: ANN401 - h11's signature
        """As h11's."""
        event: Any = self.held or super().next_event()
        waits = (
            self.is_patient
            and isinstance(event, h11.Request)
            and self.trailing_data == (b"", False)
            and not self.they_are_waiting_for_100_continue
            and any(_promises_a_body(name, value) for name, value in event.headers)
        )
        self.held = event if waits else None
        return h11.NEED_DATA if waits else event


def _promises_a_body(name: bytes, value: bytes) -> bool:
    return name == b"transfer-encoding" or (name == b"content-length" and bool(value.strip(b"0")))


class BoundedConnection(H11Protocol):
    """One HTTP connection, which ends when it takes longer than the limits of this file.

    `_waiting` holds the server's connections that wait for a whole request, the longest waiting ones first.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's signature
        super().__init__(*args, **options)
        self.conn: _Requests = _Requests(h11.SERVER)
        self._deadlines: dict[str, asyncio.TimerHandle] = {}
        self._waiting = _waiting.setdefault(self.server_state, {})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Accepts a connection, in the place of the one that has waited longest where there are too many."""
        super().connection_made(transport)
        self._end_after("request", HEAD_SECONDS)
        self._waiting[self] = None
        if len(self.connections) > max_connections():
            next(iter(self._waiting))._abort()  # noqa: SLF001 - of this class
        elif not self._is_trusted() and len(mine := self._of_my_address()) > MAX_OF_ONE_ADDRESS:
            next(each for each in (*self._waiting, self) if each in mine)._abort()  # noqa: SLF001 - likewise

    def data_received(self, data: bytes) -> None:
        """Reads some bytes; the deadline is that of the part of the request that is still missing."""
        before = self.conn.their_state
        if before is h11.IDLE and "request" not in self._deadlines:
            self._end_after("request", HEAD_SECONDS)
        super().data_received(data)
        if self.conn.held is None:
            self._clear("begin")
        elif "begin" not in self._deadlines:
            self._after("begin", PATIENCE_SECONDS, self._begin)
        after = self.conn.their_state
        if after is h11.SEND_BODY:
            if before is not h11.SEND_BODY:
                self._end_after("request", BODY_SECONDS)
        elif after is not h11.IDLE:
            self._clear("request")
            self._waiting.pop(self, None)
            self._bound_answer()

    def on_response_complete(self) -> None:
        """Begins to wait for the next request."""
        self._waiting[self] = None
        self._clear("answer")
        super().on_response_complete()
        self._bound_answer()  # of a request that was sent behind this one

    def pause_writing(self) -> None:
        """The client does not read: it has to, in time."""
        self._end_after("reading", READ_SECONDS)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._clear("reading")
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        for what in tuple(self._deadlines):
            self._clear(what)
        self._waiting.pop(self, None)
        super().connection_lost(exc)

    def _abort(self) -> None:
        """Gives its place to another one: it ends in the loop's next step, and waits no longer."""
        self._waiting.pop(self, None)
        self.transport.abort()

    def _of_my_address(self) -> set["BoundedConnection"]:
        mine = self.client and self.client[0]
        every = (each for each in self.connections if isinstance(each, BoundedConnection))
        return {each for each in every if each.client and each.client[0] == mine}

    def _is_trusted(self) -> bool:
        """Whether many people may be behind this address: this machine, or a proxy that is named."""
        proxies = self.config.forwarded_allow_ips
        named = proxies.split(",") if isinstance(proxies, str) else proxies or []
        if self.client is None or "*" in named or self.client[0] in named:
            return True
        try:
            return ip_address(self.client[0]).is_loopback
        except ValueError:
            return False

    def _bound_answer(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and "answer" not in self._deadlines:
            self._end_after("answer", ANSWER_SECONDS)

    def _begin(self) -> None:
        """Gives the held request to its route, without a byte of its body."""
        self._clear("begin")
        self.conn.is_patient = False
        self.handle_events()
        self.conn.is_patient = True

    def _end_after(self, what: str, seconds: float) -> None:
        """Sets the time until which a part has to be over: bytes of a request prolong no unread answer."""
        self._after(what, seconds, self.transport.abort)

    def _after(self, what: str, seconds: float, act: Callable[[], None]) -> None:
        self._clear(what)
        self._deadlines[what] = self.loop.call_later(seconds, act)

    def _clear(self, what: str) -> None:
        if (deadline := self._deadlines.pop(what, None)) is not None:
            deadline.cancel()


_waiting: WeakKeyDictionary[ServerState, dict[BoundedConnection, None]] = WeakKeyDictionary()
