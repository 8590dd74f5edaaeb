"""The path queries of a run, batch of wallets by batch, both directions at once, within one limit of time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from threading import Event, Lock
from time import monotonic
from typing import Any, TypeVar

from app.domain import Progress
from app.errors import QueryTimeout
from app.ledger.cells import DIRECTION_NAMES
from app.stores.graph import Graph
from cypher import query

Rows = list[dict[str, Any]]
OtherValues = Mapping[int, Sequence[tuple[int, float]]]
"""By wallet: its transfers whose own value is not the one that is used, and that one; 0 is none."""
Answer = TypeVar("Answer")

QUERY_SECONDS = 60.0
"""Time limit of one query; the server's own is the same."""

_WALLETS_A_QUERY = 64
_TOO_LATE = (
    "The path queries did not end in time. Use the ledger engine, a smaller hop limit, or a larger "
    "AML_CYPHER_ENGINE_SECONDS."
)


class _StoppedError(Exception):
    """The other direction has failed."""


class PathQueries:
    """Asks the graph for all paths of these wallets, up to a batch and a number of transfers."""

    def __init__(
        self,
        graph: Graph,
        wallet_ids: Sequence[int],
        *,
        watermark: int,
        hop_limit: int,
        firm_confidence: int,
        deadline: float,
        progress: Progress,
        other_values: OtherValues | None = None,
    ) -> None:
        self._graph = graph
        self._wallet_ids = sorted(set(wallet_ids))
        self._limits = {
            "watermark": watermark,
            "hop_limit": hop_limit,
            "firm_confidence": firm_confidence,
        }
        self._other_values = other_values or {}
        self._deadline = deadline
        self._progress = progress
        self._answered = 0
        self._lock = Lock()
        self._stopped = Event()

    def in_each(
        self, directions: Sequence[int], use: Callable[[int, Iterator[Rows]], Answer]
    ) -> list[Answer]:
        """What `use` makes of the rows of each direction; they are asked for at the same time.

        Raises:
            QueryTimeout: not all paths are walked at the deadline, or one wallet alone has more than the
                graph walks in QUERY_SECONDS.
        """
        with ThreadPoolExecutor(len(directions)) as pool:
            started = [
                pool.submit(copy_context().run, use, direction, self._answers(direction))
                for direction in directions
            ]
            try:
                for future in as_completed(started):
                    future.result()
            except BaseException:
                self._stopped.set()
                raise
        return [future.result() for future in started]

    def _answers(self, direction: int) -> Iterator[Rows]:
        """The rows of whole wallets, in order; a batch that meets the limit of a query is halved."""
        name = f"{DIRECTION_NAMES[direction]}_paths"
        starts = range(0, len(self._wallet_ids), _WALLETS_A_QUERY)
        waiting = [self._wallet_ids[start : start + _WALLETS_A_QUERY] for start in reversed(starts)]
        while waiting:
            batch = waiting.pop()
            rows = self._rows(name, batch)
            if rows is None:
                half = len(batch) // 2
                waiting += [batch[half:], batch[:half]]
                continue
            yield rows
            self._report(len(batch))

    def _rows(self, name: str, batch: list[int]) -> Rows | None:
        """The rows of a batch; None when its query met QUERY_SECONDS and it can be halved."""
        if self._stopped.is_set():
            raise _StoppedError
        seconds_left = self._deadline - monotonic()
        if seconds_left <= 0:
            raise QueryTimeout(_TOO_LATE)
        try:
            return self._graph.read(
                query(f"exposure/{name}"),
                {"wallet_ids": batch, "other_values": self._values_of(batch), **self._limits},
                timeout_seconds=min(QUERY_SECONDS, seconds_left),
            )
        except QueryTimeout as exc:
            if seconds_left <= QUERY_SECONDS:
                raise QueryTimeout(_TOO_LATE) from exc
            if len(batch) > 1:
                return None
            raise QueryTimeout(
                f"Wallet {batch[0]} has more {name.replace('_', ' ')} than can be walked in "
                f"{QUERY_SECONDS:g} seconds. Use the ledger engine or a smaller hop limit."
            ) from exc

    def _values_of(self, batch: list[int]) -> dict[str, float]:
        return {
            str(transfer_id): usd
            for wallet_id in batch
            for transfer_id, usd in self._other_values.get(wallet_id, ())
        }

    def _report(self, wallets: int) -> None:
        with self._lock:
            self._answered += wallets
            self._progress("walking paths", self._answered / (2 * len(self._wallet_ids)))
