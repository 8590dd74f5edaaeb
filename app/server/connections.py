"""Connections have time limits and a number: a stranger who sends or reads nothing holds nothing for long.

uvicorn bounds only the pause between two requests of a connection, so its protocol is extended here.
"""

import asyncio
import resource
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0
"""From the connection, or from the first byte of a later request, to the end of the head."""
BODY_SECONDS: Final = 20.0
"""From the head to the end of the body, which has 64 KiB at most."""
READ_SECONDS: Final = 60.0
"""How long a client may leave an answer unread."""
OWN_DESCRIPTORS: Final = 128
"""Of the process itself: connections to the stores, files, threads."""
MAX_CONNECTIONS: Final = 2_000
MAX_OF_ONE_ADDRESS: Final = 100


def max_connections() -> int:
    """How many connections are open at most: fewer than the process has descriptors for."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(MAX_CONNECTIONS, descriptors - OWN_DESCRIPTORS))


class BoundedConnection(H11Protocol):
    """One HTTP connection, which ends when it takes longer than the limits of this file."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's signature
        super().__init__(*args, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._waits_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Accepts a connection, in the place of the one that has waited longest where there are too many."""
        super().connection_made(transport)
        self._end_after(HEAD_SECONDS)
        if not self._is_trusted() and len(mine := self._others_of_my_address()) >= MAX_OF_ONE_ADDRESS:
            (_longest_waiting(mine) or self).transport.abort()
        elif len(self.connections) > max_connections():
            (_longest_waiting(self._others()) or self).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Reads some bytes; the deadline is that of the part of the request that is still missing."""
        before = self.conn.their_state
        if before is h11.IDLE and self._deadline is None:
            self._end_after(HEAD_SECONDS)
        super().data_received(data)
        after = self.conn.their_state
        if after is h11.SEND_BODY:
            if before is not h11.SEND_BODY:
                self._end_after(BODY_SECONDS)
        elif after is not h11.IDLE:
            self._clear_deadline()

    def on_response_complete(self) -> None:
        """Begins to wait for the next request."""
        self._waits_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read: it has to, in time."""
        self._end_after(READ_SECONDS)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._clear_deadline()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self._clear_deadline()
        super().connection_lost(exc)

    @property
    def waits_since(self) -> float | None:
        """Since when it has waited for a whole request (time of the loop); None while one is answered."""
        return self._waits_since if self.conn.their_state in {h11.IDLE, h11.SEND_BODY} else None

    def _others(self) -> list["BoundedConnection"]:
        return [each for each in self.connections if isinstance(each, BoundedConnection) and each is not self]

    def _others_of_my_address(self) -> list["BoundedConnection"]:
        mine = self.client and self.client[0]
        return [each for each in self._others() if each.client and each.client[0] == mine]

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

    def _end_after(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _longest_waiting(connections: Iterable[BoundedConnection]) -> BoundedConnection | None:
    """The one that has waited longest for a whole request; None when all are being answered."""
    waiting = [(each.waits_since, each) for each in connections if each.waits_since is not None]
    return min(waiting, key=lambda each: each[0])[1] if waiting else None
