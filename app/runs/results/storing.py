"""Stores what of a run's results is not stored yet, and ends the rows that another one takes the place of.

A row holds from the run that stored it (`run_id`) until the first run that has another one or none
(`until_run_id`). So the rows of a run are those that `is_of_run` names, and a run that finds what the run
before it found stores nothing (docs/decisions/0024-results-stored-once.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from app.errors import InUse
from app.runs.results.columns import numbers, text_column
from app.runs.results.lines import BOARD_COLUMNS, EXPOSURE_COLUMNS, SCORE_COLUMNS, Lines, join
from app.stores.copy_reader import read_columns
from app.stores.copy_writer import copy_bytes

ASSET_BITS = 28
"""Of the 63 bits that tell the rows of one direction apart: the wallet's id has the rest."""
ENDED_AT_ONCE = 500_000


class Hash(Protocol):
    """A digest of hashlib that grows."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Adds some more bytes."""


class StoredRows:
    """The rows that hold since an earlier run, of one table and direction: their keys and hashes."""

    def __init__(
        self, wallet_id: NDArray[np.int64], asset_id: NDArray[np.int64], line_hash: NDArray[np.int64]
    ) -> None:
        key = _keys(wallet_id, asset_id)
        order = np.argsort(key)
        self._key = key[order]
        self._hash = line_hash[order]
        self._holds = np.zeros(len(key), np.bool_)

    def changed(self, lines: Lines, hashes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of the lines that no stored row has; the rows of the others go on holding."""
        if not len(self._key):
            return np.arange(len(hashes))
        key = _keys(lines.wallet_id, lines.asset_id)
        near = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
        is_same = (self._key[near] == key) & (self._hash[near] == hashes)
        self._holds[near[is_same]] = True
        return np.flatnonzero(~is_same)

    def ended(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Wallets and assets of the rows that hold no longer, after every line of the new run."""
        key = self._key[~self._holds]
        return key >> ASSET_BITS, key & ((1 << ASSET_BITS) - 1)


@dataclass(frozen=True)
class StoredResults:
    """Everything that holds since an earlier run, by direction (scores: 0), and the run it was read at."""

    published: int | None
    exposures: dict[int, StoredRows]
    scores: dict[int, StoredRows]


def stored_results(connection: Connection) -> StoredResults:
    """Reads keys and hashes of what holds, in the snapshot of the connection."""
    published = connection.execute(_PUBLISHED).scalar()
    exposures = read_columns(connection, _EXPOSURES, dict.fromkeys((*_KEYS, "line_hash"), "int"))
    scores = read_columns(connection, _SCORES, dict.fromkeys(("wallet_id", "line_hash"), "int"))
    by_direction = {}
    for direction in np.unique(exposures["direction"]).tolist():
        rows = exposures["direction"] == direction
        by_direction[direction] = StoredRows(
            *(exposures[name][rows] for name in ("wallet_id", "asset_id", "line_hash"))
        )
    no_asset = np.zeros(len(scores["wallet_id"]), np.int64)
    return StoredResults(
        published, by_direction, {0: StoredRows(scores["wallet_id"], no_asset, scores["line_hash"])}
    )


def check_stored(connection: Connection, stored: StoredResults) -> None:
    """Checks that no other run was published since: what it stored would be missing; locks the flip.

    Raises:
        InUse: one was, so this run has lost its lock.
    """
    if connection.execute(_PUBLISHED_ALONE).scalar() != stored.published:
        raise InUse("Another scoring run was published while this one ran. Start a new run.")


def store_exposures(
    connection: Connection, run_id: int, lines: Iterable[Lines], stored: StoredResults, digest: Hash
) -> None:
    """Stores `exposure_lines` where they are new; all of them go into the digest."""
    changed = _changed(run_id, lines, stored.exposures, digest)
    copy_bytes(connection, "exposures", ("run_id", "line_hash", *EXPOSURE_COLUMNS), changed)
    for direction, rows in stored.exposures.items():
        for some in _some(rows.ended()):
            connection.execute(_END_EXPOSURES, {"run_id": run_id, "direction": direction, **some})


def store_scores(
    connection: Connection, run_id: int, lines: Iterable[Lines], stored: StoredResults, digest: Hash
) -> None:
    """Stores `score_lines` where they are new; all of them go into the digest."""
    changed = _changed(run_id, lines, stored.scores, digest)
    columns = ("run_id", "line_hash", *SCORE_COLUMNS, *BOARD_COLUMNS)
    copy_bytes(connection, "risk_scores", columns, changed)
    for rows in stored.scores.values():
        for some in _some(rows.ended()):
            connection.execute(_END_SCORES, {"run_id": run_id, "wallet_ids": some["wallet_ids"]})


def _keys(wallet_id: NDArray[np.int64], asset_id: NDArray[np.int64] | NDArray[np.int32]) -> NDArray[np.int64]:
    return wallet_id << ASSET_BITS | asset_id


def _changed(
    run_id: int, blocks: Iterable[Lines], stored: dict[int, StoredRows], digest: Hash
) -> Iterator[bytes]:
    """The lines to store, each with the run's id and its hash before it; the digest is of all lines."""
    for block in blocks:
        digest.update(block.data.data)
        block = block.as_stored()  # noqa: PLW2901 - what is stored beside a line is in its hash too
        hashes = block.hashes()
        rows = np.arange(len(hashes))
        if block.direction in stored:
            rows = stored[block.direction].changed(block, hashes)
        if len(rows):
            number = text_column([str(run_id)]).repeated(len(rows))
            yield join([number, numbers(hashes[rows]), block.as_column().take(rows)])[0].tobytes()


def _some(ended: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Iterator[dict[str, str]]:
    """Wallets and assets as array literals: one constant each, which the server reads fast."""
    wallet_ids, asset_ids = ended
    for begin in range(0, len(wallet_ids), ENDED_AT_ONCE):
        rows = slice(begin, begin + ENDED_AT_ONCE)
        yield {"wallet_ids": _literal(wallet_ids[rows]), "asset_ids": _literal(asset_ids[rows])}


def _literal(values: NDArray[np.int64]) -> str:
    return "{" + numbers(values).data.tobytes().decode() + "}"


_KEYS = ("wallet_id", "asset_id", "direction")
_PUBLISHED = text("SELECT run_id FROM published_run")
_PUBLISHED_ALONE = text("SELECT run_id FROM published_run FOR UPDATE")
_EXPOSURES = """
SELECT wallet_id, asset_id::bigint, direction::bigint, line_hash FROM exposures WHERE until_run_id IS NULL
"""
_SCORES = "SELECT wallet_id, line_hash FROM risk_scores WHERE until_run_id IS NULL"
_END_EXPOSURES = text("""
    UPDATE exposures e SET until_run_id = :run_id
    FROM unnest(CAST(:wallet_ids AS bigint[]), CAST(:asset_ids AS integer[])) AS ended (wallet_id, asset_id)
    WHERE e.wallet_id = ended.wallet_id AND e.asset_id = ended.asset_id AND e.direction = :direction
      AND e.until_run_id IS NULL AND e.run_id < :run_id
""")
_END_SCORES = text("""
    UPDATE risk_scores s SET until_run_id = :run_id
    FROM unnest(CAST(:wallet_ids AS bigint[])) AS ended (wallet_id)
    WHERE s.wallet_id = ended.wallet_id AND s.until_run_id IS NULL AND s.run_id < :run_id
""")
