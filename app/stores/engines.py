"""The connection pools of one process, one for each kind of work, made when they are first needed."""

from threading import Lock
from time import monotonic
from typing import Any

import psycopg2
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError

from app.stores.limits import CLIENT_SECONDS, LIMITS, Limits, Work
from app.stores.watched import WatchedConnection

IDLE_CONNECTIONS = 5
"""How many unused connections a pool keeps, at most."""
IDLE_SECONDS = 1.0
"""After a longer pause between two uses a connection is checked before it is used again."""


class Engines:
    """Engines of SQLAlchemy whose sessions have the limits of their work, in the server and here."""

    def __init__(self, url: URL, lock_timeout_seconds: float | None) -> None:
        self._url = url
        self._lock_timeout_seconds = lock_timeout_seconds
        self._lock = Lock()
        self._engines: dict[Work, Engine] = {}

    def of(self, work: Work) -> Engine:
        """The engine of this kind of work."""
        with self._lock:
            if work not in self._engines:
                self._engines[work] = self._make(LIMITS[work])
            return self._engines[work]

    def close(self) -> None:
        """Closes every connection."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()

    def _make(self, limits: Limits) -> Engine:
        lock = limits.lock if self._lock_timeout_seconds is None else self._lock_timeout_seconds
        options = (
            f"-c timezone=UTC -c lock_timeout={round(lock * 1_000)}"
            f" -c statement_timeout={round(limits.statement * 1_000)}"
        )
        kept = min(IDLE_CONNECTIONS, limits.connections)
        engine = create_engine(
            self._url,
            pool_size=kept,
            max_overflow=limits.connections - kept,
            pool_timeout=limits.pool,
            connect_args={
                "options": options,
                "application_name": "aml",
                "connect_timeout": limits.connect,
                "connection_factory": WatchedConnection,
                # A machine that is gone answers nothing: the kernel then ends the connection.
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 30_000,
            },
        )

        def begin(connection: WatchedConnection, *_: Any) -> None:  # noqa: ANN401 - the pool's own
            if monotonic() - connection.used_at > IDLE_SECONDS and not _answers(engine, connection):
                raise InvalidatePoolError
            connection.limit_seconds = limits.statement + CLIENT_SECONDS

        def rest(connection: WatchedConnection | None, *_: Any) -> None:  # noqa: ANN401
            if connection is not None:  # None: it has been closed
                connection.limit_seconds = limits.check
                connection.used_at = monotonic()

        event.listen(engine, "checkout", begin)
        event.listen(engine, "checkin", rest)
        event.listen(engine, "connect", rest)
        return engine


def _answers(engine: Engine, connection: WatchedConnection) -> bool:
    """Whether the server of a connection answers; where it does not, the pool makes new ones."""
    try:
        engine.dialect.do_ping(connection)  # type: ignore[arg-type] # it has what `do_ping` calls
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        return False
    return True
