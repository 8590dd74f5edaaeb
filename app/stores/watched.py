"""Connections of psycopg2 whose every wait for the server ends at a limit, also where the server hangs.

libpq has no limit for the answer to a statement. A server that is stopped keeps its connections: the kernel
still acknowledges what is sent, so no keep-alive and no TCP timeout ends them, and the server's own
`statement_timeout` hangs with it. So a thread ends the socket of a connection that has waited too long: libpq
then reports that the server has closed it.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic, sleep
from typing import Any, Final

import psycopg2.extensions

_TICK_SECONDS: Final = 0.2
_CANCEL_SECONDS: Final = 2.0


@dataclass(eq=False, slots=True)
class _Wait:
    """One connection that waits for the server, until a moment of the monotonic clock."""

    connection: "WatchedConnection"
    deadline: float


class _Watch:
    """The thread that ends overdue waits; it starts with the first of them."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waits: set[_Wait] = set()
        self._thread: Thread | None = None

    @contextmanager
    def limit(self, connection: "WatchedConnection", seconds: float) -> Iterator[None]:
        """Ends the connection if the block takes longer."""
        wait = _Wait(connection, monotonic() + seconds)
        with self._changed:
            self._waits.add(wait)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="record-watch", daemon=True)
                self._thread.start()
            elif len(self._waits) == 1:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:  # from here on the socket may be closed, and its number be another's
                self._waits.discard(wait)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waits:
                    self._changed.wait()
                now = monotonic()
                for wait in [each for each in self._waits if each.deadline <= now]:
                    self._waits.discard(wait)
                    _end(wait.connection)
            sleep(_TICK_SECONDS)


def _end(connection: "WatchedConnection") -> None:
    connection.ended_by_limit = True
    with suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


_WATCH = _Watch()


class WatchedCursor(psycopg2.extensions.cursor):
    """A cursor whose calls to the server are limited by its connection."""

    connection: "WatchedConnection"

    def execute(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - the base's own
        """As the base."""
        with self._limited():
            super().execute(*arguments, **named)

    def executemany(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        """As the base."""
        with self._limited():
            super().executemany(*arguments, **named)

    def copy_expert(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        """As the base."""
        with self._limited():
            super().copy_expert(*arguments, **named)

    def fetchone(self) -> Any:  # noqa: ANN401
        """As the base; a cursor of the server asks it for rows."""
        return self._fetched(super().fetchone)

    def fetchmany(self, *arguments: Any) -> list[Any]:  # noqa: ANN401
        """As the base; a cursor of the server asks it for rows."""
        rows: list[Any] = self._fetched(super().fetchmany, *arguments)
        return rows

    def fetchall(self) -> list[Any]:
        """As the base; a cursor of the server asks it for rows."""
        rows: list[Any] = self._fetched(super().fetchall)
        return rows

    def close(self) -> None:
        """As the base; a cursor of the server is closed there."""
        self._fetched(super().close)

    def _fetched(self, fetch: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
        if self.name is None:  # the rows are here
            return fetch(*arguments)
        with self._limited():
            return fetch(*arguments)

    def _limited(self) -> Any:  # noqa: ANN401
        return _WATCH.limit(self.connection, self.connection.limit_seconds)


class WatchedConnection(psycopg2.extensions.connection):
    """A connection that ends if the server has not answered within `limit_seconds`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - the base's own
        self.limit_seconds: float = 10.0
        self.used_at = monotonic()
        self.ended_by_limit = False
        super().__init__(*arguments, **named)
        self.cursor_factory = WatchedCursor

    def commit(self) -> None:
        """As the base."""
        with _WATCH.limit(self, self.limit_seconds):
            super().commit()

    def rollback(self) -> None:
        """As the base."""
        with _WATCH.limit(self, self.limit_seconds):
            super().rollback()

    def cancel(self) -> None:
        """As the base, without waiting for a server that does not take the request."""
        thread = Thread(target=super().cancel, name="record-cancel", daemon=True)
        thread.start()
        thread.join(_CANCEL_SECONDS)
