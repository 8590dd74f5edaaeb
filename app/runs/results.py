"""Results of a run into the record: exposures, scores, and the one flip that publishes them.

Every row is first a line of text, its columns but `run_id` between tabs: the lines are what COPY sends, what
a run's `results_digest` is of, and what a verification compares.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from typing import Any, Protocol

import numpy as np
from sqlalchemy import Connection, text

from app.errors import Unequal
from app.ledger.cells import DESTINATION, DIRECTION_NAMES, SOURCE
from app.ledger.shares import Exposures
from app.policy.policy import LEVELS, Policy
from app.runs.score import NOTHING_KNOWN, Scores
from app.runs.totals import Total
from app.stores.copy_writer import copy_texts

ROWS_AT_ONCE = 20_000
"""Rows that are unpacked from arrays together."""
LINES_AT_ONCE = 1_000
"""Lines sent together: few enough for the server to work on them while the next are made."""
NULL = r"\N"
ARITHMETIC = 2
"""Version of how results are computed, rounded and digested; `app.verify.earlier` is about the one before."""
EXPOSURE_COLUMNS = (
    "direction", "wallet_id", "asset_id", "total", "unobserved", "usd_value", "transfers",
    "unpriced_transfers", "cells", "shares",
)  # fmt: skip
SCORE_COLUMNS = (
    "wallet_id", "score", "ownership_score", "source_score", "destination_score", "direction",
    "risk_level", "band", "main_category", "rules", "weighting", "unpriced_transfers", "cells", "shares",
    "points",
)  # fmt: skip


@dataclass
class Counted:
    """How many transfers with flow the stored totals have, and how many without a price, also by wallet."""

    transfers: int = 0
    unpriced_transfers: int = 0
    unpriced_by_wallet: Counter[int] = field(default_factory=Counter)


class Hash(Protocol):
    """A digest of hashlib that grows."""

    def update(self, data: bytes, /) -> None:
        """Adds some more bytes."""


def store_exposures(connection: Connection, run_id: int, lines: Iterator[str], digest: Hash) -> None:
    """Writes the rows of `exposure_lines`, which also go into the digest."""
    copy_texts(connection, "exposures", ("run_id", *EXPOSURE_COLUMNS), _numbered(run_id, lines, digest))


def store_scores(connection: Connection, run_id: int, lines: Iterator[str], digest: Hash) -> None:
    """Writes the rows of `score_lines`, which also go into the digest."""
    copy_texts(connection, "risk_scores", ("run_id", *SCORE_COLUMNS), _numbered(run_id, lines, digest))


def exposure_lines(exposures: Exposures, totals: Iterable[Total], counted: Counted) -> Iterator[str]:
    """One line a wallet, asset and direction: its exact totals beside its cells that are not 0.

    Lines come sources first, then by wallet and asset; `counted` is complete behind the last one.

    Raises:
        Unequal: the exposures and the totals are not of the same wallets and assets.
    """
    cells = chain(_cells(exposures, SOURCE), _cells(exposures, DESTINATION))
    try:
        for total, (direction, wallet_id, asset_id, codes, shares) in zip(totals, cells, strict=True):
            if total[:3] != (direction, wallet_id, asset_id):
                raise Unequal(f"The exposures of wallet {wallet_id} have no total. Run `aml reconcile`.")
            if direction == SOURCE:
                counted.transfers += total.transfers
                counted.unpriced_transfers += total.unpriced_transfers
            if total.unpriced_transfers:
                counted.unpriced_by_wallet[wallet_id] += total.unpriced_transfers
            exact, unobserved, usd_value, transfers, unpriced = total[3:]
            yield (
                f"{direction}\t{wallet_id}\t{asset_id}\t{exact}\t{unobserved}\t{usd_value!r}"
                f"\t{transfers}\t{unpriced}\t{codes}\t{shares}\n"
            )
    except ValueError as exc:
        raise Unequal("There are more exposures than totals, or fewer. Run `aml reconcile`.") from exc


def publish(connection: Connection, run_id: int) -> None:
    """Makes this run the one every answer comes from."""
    connection.execute(_PUBLISH, {"run_id": run_id})


def _cells(exposures: Exposures, direction: int) -> Iterator[tuple[int, int, int, str, str]]:
    """Direction, wallet, asset, and the array literals of codes and shares of the cells that are not 0."""
    side = exposures.source if direction == SOURCE else exposures.destination
    names = [str(code) for code in exposures.layout.codes(direction).tolist()]
    for start in range(0, len(side.wallet_id), ROWS_AT_ONCE):
        wallets = side.wallet_id[start : start + ROWS_AT_ONCE].tolist()
        assets = side.asset_id[start : start + ROWS_AT_ONCE].tolist()
        block = side.shares.between(start, start + len(wallets))
        codes = [names[cell] for cell in block.cell.tolist()]
        shares = list(map(repr, block.share.tolist()))
        ends = block.starts[1:].tolist()
        begin = 0
        for wallet_id, asset_id, end in zip(wallets, assets, ends, strict=True):
            yield direction, wallet_id, asset_id, array_text(codes[begin:end]), array_text(shares[begin:end])
            begin = end


def score_lines(policy: Policy, scores: Scores, unpriced: Mapping[int, int]) -> Iterator[str]:
    """One line a wallet, by wallet: its scores, level and reasons, with every contribution."""
    levels = [*LEVELS, NULL]  # the code -1 is the last: none
    directions = [*DIRECTION_NAMES, NULL]
    categories = [*policy.categories, NULL]
    rules = [rule.name for rule in policy.rules]
    for begin in range(0, len(scores.wallet_id), ROWS_AT_ONCE):
        for row in _score_rows(scores, begin, begin + ROWS_AT_ONCE):
            wallet_id, score, by_direction, direction, level, band, category, met, worst, contributions = row
            ownership, source, destination = by_direction
            rule_names = array_text([name for name, holds in zip(rules, met, strict=True) if holds])
            yield (
                f"{wallet_id}\t{NULL if score == NOTHING_KNOWN else score}"
                f"\t{ownership}\t{source}\t{destination}\t{directions[direction]}\t{levels[level]}"
                f"\t{levels[band]}\t{categories[category]}\t{rule_names}"
                f"\t{'worst_asset' if worst else 'usd'}\t{unpriced.get(wallet_id, 0)}\t{contributions}\n"
            )


def _score_rows(scores: Scores, begin: int, end: int) -> Iterator[tuple[Any, ...]]:
    """The values of some wallets, and the array literals of their contributions' codes, shares and points."""
    every = scores.contributions
    ends = np.searchsorted(every.wallet, np.arange(begin, min(end, len(scores.wallet_id))), side="right")
    first = int(np.searchsorted(every.wallet, begin))
    some = slice(first, ends[-1])
    codes = list(map(str, every.code[some].tolist()))
    shares = list(map(repr, every.share[some].tolist()))
    points = list(map(str, every.points[some].tolist()))
    starts = [0, *(ends - first).tolist()]
    contributions = (
        "\t".join(array_text(values[start:stop]) for values in (codes, shares, points))
        for start, stop in pairwise(starts)
    )
    columns = (
        scores.wallet_id, scores.score, scores.by_direction, scores.direction, scores.level, scores.band,
        scores.main_category, scores.rules, scores.worst_asset,
    )  # fmt: skip
    return zip(*(column[begin:end].tolist() for column in columns), contributions, strict=True)


def array_text(items: Iterable[str]) -> str:
    """An array as COPY reads it, of items without commas, quotes and spaces."""
    return "{" + ",".join(items) + "}"


def _numbered(run_id: int, lines: Iterator[str], digest: Hash) -> Iterator[str]:
    """Some lines at a time as one text, each with the run's id before it; the digest is of lines without."""
    while some := list(islice(lines, LINES_AT_ONCE)):
        digest.update("".join(some).encode())
        yield "".join(f"{run_id}\t{line}" for line in some)


_PUBLISH = text("""
    INSERT INTO published_run (run_id) VALUES (:run_id)
    ON CONFLICT (singleton) DO UPDATE SET run_id = excluded.run_id, published_at = clock_timestamp()
""")
