"""Thousands of connections that send nothing, or a byte a second: how is `/health`, what becomes of memory?

The real API in a process of its own on embedded PostgreSQL and Neo4j; the strangers are another process, and
each takes a new connection when the API has ended its own.
"""

import multiprocessing
import selectors
import socket
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import Connection
from time import monotonic, sleep
from typing import Any, Final

import httpx
import numpy as np
import psutil

from app.errors import AmlError
from bench.machine import machine
from bench.processes import benched_api
from bench.stores import stores
from bench.targets import Target

HEALTH_SECONDS: Final = 0.5
GIVEN_BACK_BYTES: Final = 50 << 20
WARM_UP_REQUESTS: Final = 300
PAUSE_SECONDS: Final = 0.05
_HEAD: Final = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
_BODY: Final = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n"
BEGINNINGS: Final = {"silent": b"", "slow head": _HEAD, "slow body": _BODY}


def run(connections: int, *, seconds: float, after_seconds: float = 60) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary.

    Args:
        connections: how many are open at once, as far as the API lets them.
        seconds: for how long.
        after_seconds: how long after their end memory is looked at.
    """
    with stores() as opened, benched_api(opened.settings) as client:
        port = opened.settings.api_port
        for _ in range(WARM_UP_REQUESTS):
            client.get("/health").raise_for_status()
        before = _memory(port)
        alone = _asked(client, min(10.0, seconds))
        context = multiprocessing.get_context("spawn")
        receive, send = context.Pipe(duplex=False)
        strangers = context.Process(target=press, args=(port, connections, seconds, send))
        strangers.start()
        meanwhile = _asked(client, seconds)
        most = _memory(port)
        counts: dict[str, int] = receive.recv()
        strangers.join()
        sleep(after_seconds)
        after = _memory(port)
    p99 = float(np.percentile(meanwhile, 99))
    targets = (
        Target("/health p99, seconds", HEALTH_SECONDS, round(p99, 3)),
        Target("memory kept, MiB", GIVEN_BACK_BYTES >> 20, round((after - before) / 2**20, 1)),
    )
    return {
        "machine": machine(),
        "connections_at_once": connections,
        "seconds": seconds,
        "connections_opened": counts,
        "health_requests": len(meanwhile),
        "health_alone_p99_seconds": round(float(np.percentile(alone, 99)), 3),
        "health_p50_seconds": round(float(np.percentile(meanwhile, 50)), 3),
        "health_p99_seconds": round(p99, 3),
        "health_worst_seconds": round(max(meanwhile), 3),
        "memory_before_mib": round(before / 2**20, 1),
        "memory_meanwhile_mib": round(most / 2**20, 1),
        "memory_after_mib": round(after / 2**20, 1),
        "targets": [each.shown() for each in targets],
    }


def _asked(client: httpx.Client, seconds: float) -> list[float]:
    """The seconds of each request, on a connection of its own; one that is refused is an error."""
    taken = []
    end = monotonic() + seconds
    while (began := monotonic()) < end:
        with httpx.Client(base_url=client.base_url, timeout=30, trust_env=False) as fresh:
            fresh.get("/health").raise_for_status()
        taken.append(monotonic() - began)
        sleep(PAUSE_SECONDS)
    return taken


def _memory(port: int) -> int:
    """Resident bytes of whoever listens on this port."""
    for each in psutil.net_connections("tcp"):
        if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port and each.pid:
            return psutil.Process(each.pid).memory_info().rss
    raise AmlError("The API has ended.")


def press(port: int, number: int, seconds: float, result: Connection) -> None:
    """Holds so many connections open, of every kind; sends how many were opened, ended, and open at once."""
    selector, end = selectors.DefaultSelector(), monotonic() + seconds
    counts: Counter[str] = Counter()
    kinds = list(BEGINNINGS)
    open_now: dict[socket.socket, str] = {}
    next_byte = monotonic() + 1
    while monotonic() < end:
        for _ in range(min(200, number - len(open_now))):
            kind = kinds[counts["opened"] % len(kinds)]
            if (connection := _opened(port, BEGINNINGS[kind])) is None:
                counts["refused"] += 1
                break
            open_now[connection] = kind
            selector.register(connection, selectors.EVENT_READ, connection)
            counts["opened"] += 1
        counts["most_at_once"] = max(counts["most_at_once"], len(open_now))
        ready = {key.data for key, _ in selector.select(0.01)}
        ended: set[socket.socket] = set(filter(_is_ended, ready))
        if monotonic() > next_byte:
            next_byte += 1
            ended |= {each for each, kind in open_now.items() if kind != "silent" and not _drips(each)}
        for each in ended:
            selector.unregister(each)
            del open_now[each]
            each.close()
            counts["ended_by_the_api"] += 1
    for each in open_now:
        each.close()
    result.send(dict(counts))


def _opened(port: int, beginning: bytes) -> socket.socket | None:
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=2)
        connection.setblocking(False)
        connection.sendall(beginning)
    except OSError:
        return None
    return connection


def _is_ended(connection: socket.socket) -> bool:
    with suppress(BlockingIOError):
        try:
            return connection.recv(65_536) == b""
        except OSError as exc:
            if isinstance(exc, BlockingIOError):
                raise
            return True
    return False


def _drips(connection: socket.socket) -> bool:
    try:
        connection.send(b"a")
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True
