"""Results of a run as rows of the record: exposures and scores, and the one flip that publishes them.

Every row is first a line of text, its columns but those of its runs between tabs: the lines are what COPY
sends, what a run's `results_digest` is of, and what a verification compares.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from app.errors import Unequal
from app.ledger.cells import DESTINATION, DIRECTION_NAMES, SOURCE
from app.ledger.shares import DirectionShares, Exposures
from app.policy.conditions import LEVELS
from app.policy.policy import Policy
from app.runs.judge import Judged
from app.runs.judgement.deciding import NO_TRANSFER
from app.runs.judgement.score import NOTHING_KNOWN
from app.runs.results.columns import TextColumn, numbers, text_column
from app.runs.results.lines import EXPOSURE_COLUMNS, NULL, SCORE_COLUMNS, Lines, join
from app.runs.results.totals import BothTotals, Totals

ROWS_AT_ONCE = 20_000
"""Rows whose lines are made together."""
ARITHMETIC = 4
"""Version of how results are computed, rounded and digested; `app.verify.earlier` is about those before 3."""
_EXPOSURE_ARRAYS = [EXPOSURE_COLUMNS.index(name) for name in ("cells", "shares")]
_SCORE_ARRAYS = [SCORE_COLUMNS.index(name) for name in ("rules", "flags", "cells", "shares", "points")]


def exposure_lines(exposures: Exposures, totals: BothTotals) -> Iterator[Lines]:
    """One line a wallet, asset and direction: its exact totals beside its cells that are not 0.

    Lines come sources first, then by wallet and asset.

    Raises:
        Unequal: the exposures and the totals are not of the same wallets and assets.
    """
    for direction, side in ((SOURCE, exposures.source), (DESTINATION, exposures.destination)):
        of_side = totals.of(direction)
        _check_owners(side, of_side)
        codes = exposures.layout.codes(direction)
        for begin in range(0, len(side.wallet_id), ROWS_AT_ONCE):
            rows = slice(begin, min(begin + ROWS_AT_ONCE, len(side.wallet_id)))
            cells = side.shares.between(rows.start, rows.stop)
            columns = [
                text_column([str(direction)]).repeated(rows.stop - rows.start),
                numbers(side.wallet_id[rows]),
                numbers(side.asset_id[rows]),
                of_side.total.take(rows),
                of_side.unobserved.take(rows),
                numbers(of_side.usd_value[rows]),
                numbers(of_side.transfers[rows]),
                numbers(of_side.unpriced_transfers[rows]),
                numbers(codes[cells.cell].astype(np.int64)).joined(cells.starts),
                numbers(cells.share).joined(cells.starts),
            ]
            lines = join(columns, _EXPOSURE_ARRAYS)
            yield Lines(direction, side.wallet_id[rows], side.asset_id[rows], *lines)


def score_lines(policy: Policy, judged: Judged) -> Iterator[Lines]:
    """One line a wallet, by wallet: its scores, level, flags and reasons, with every contribution."""
    scores, unpriced, transfer_id = judged.scores, judged.unpriced, judged.transfer_id
    flags = sorted({rule.flag for rule in policy.rules if rule.flag is not None})
    flagged = _flagged(policy, scores.rules, flags)
    levels = text_column([*LEVELS, NULL])  # the code -1 is the last: none
    directions = text_column([*DIRECTION_NAMES, NULL])
    categories = text_column([*policy.categories, NULL])
    weightings = text_column(["usd", "worst_asset"])
    every = scores.contributions
    for begin in range(0, len(scores.wallet_id), ROWS_AT_ONCE):
        rows = slice(begin, min(begin + ROWS_AT_ONCE, len(scores.wallet_id)))
        starts = np.searchsorted(every.wallet, np.arange(rows.start, rows.stop + 1))
        some, starts = slice(int(starts[0]), int(starts[-1])), starts - starts[0]
        columns = [
            numbers(scores.wallet_id[rows]),
            numbers(scores.score[rows]).replaced(scores.score[rows] == NOTHING_KNOWN, NULL),
            *(numbers(scores.by_direction[rows, direction]) for direction in range(len(DIRECTION_NAMES))),
            directions.take(scores.direction[rows]),
            levels.take(scores.level[rows]),
            levels.take(scores.band[rows]),
            categories.take(scores.main_category[rows]),
            _rules([rule.name for rule in policy.rules], scores.rules[rows]),
            _rules(flags, flagged[rows]),
            weightings.take(scores.worst_asset[rows].astype(np.int64)),
            numbers(unpriced[rows]),
            *(numbers(scores.usd[rows, side]) for side in range(2)),
            *(
                _or_null(scores.coverage[rows, side], np.isnan(scores.coverage[rows, side]))
                for side in range(2)
            ),
            _or_null(transfer_id[rows], transfer_id[rows] == NO_TRANSFER),
            numbers(every.code[some].astype(np.int64)).joined(starts),
            numbers(every.share[some]).joined(starts),
            numbers(every.points[some]).joined(starts),
        ]
        wallet_id = scores.wallet_id[rows]
        yield Lines(0, wallet_id, np.zeros(len(wallet_id), np.int32), *join(columns, _SCORE_ARRAYS))


def publish(connection: Connection, run_id: int) -> None:
    """Makes this run the one every answer comes from."""
    connection.execute(_PUBLISH, {"run_id": run_id})


def _check_owners(side: DirectionShares, totals: Totals) -> None:
    if len(side.wallet_id) != len(totals.wallet_id):
        raise Unequal("There are more exposures than totals, or fewer. Run `aml reconcile`.")
    other = (side.wallet_id != totals.wallet_id) | (side.asset_id != totals.asset_id)
    if other.any():
        wallet_id = side.wallet_id[other.argmax()]
        raise Unequal(f"The exposures of wallet {wallet_id} have no total. Run `aml reconcile`.")


def _or_null(values: NDArray[Any], is_null: NDArray[np.bool_]) -> TextColumn:
    return numbers(np.where(is_null, 0, values)).replaced(is_null, NULL)


def _flagged(policy: Policy, met: NDArray[np.bool_], flags: Sequence[str]) -> NDArray[np.bool_]:
    """Which flags (second axis) each wallet has: those of the rules that hold."""
    flagged = np.zeros((len(met), len(flags)), np.bool_)
    for number, rule in enumerate(policy.rules):
        if rule.flag is not None:
            flagged[:, flags.index(rule.flag)] |= met[:, number]
    return flagged


def _rules(names: Sequence[str], met: NDArray[np.bool_]) -> TextColumn:
    """The names that are marked, with commas between them."""
    if not names:
        return text_column([""]).repeated(len(met))
    first, which = _sets(met)
    sets = met[first].tolist()
    texts = [",".join(name for name, holds in zip(names, one, strict=True) if holds) for one in sets]
    return text_column(texts).take(which)


def _sets(met: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A row of each set of names that occurs, and the set of each row; as numbers they are sorted fast."""
    first = which = np.zeros(len(met), np.int64)
    for begin in range(0, met.shape[1], _BITS):
        bits = met[:, begin : begin + _BITS]
        _, part = np.unique(bits @ (1 << np.arange(bits.shape[1], dtype=np.int64)), return_inverse=True)
        _, first, which = np.unique(which * (len(met) + 1) + part, return_index=True, return_inverse=True)
    return first, which


_BITS = 62
"""Names whose set is one number."""
_PUBLISH = text("""
    INSERT INTO published_run (run_id) VALUES (:run_id)
    ON CONFLICT (singleton) DO UPDATE SET run_id = excluded.run_id, published_at = clock_timestamp()
""")
