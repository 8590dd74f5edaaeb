"""How near a stored run must be to its recomputation where both are not equal to the last bit.

That is a run by path queries, which rounds its sums in another order than the ledger. A share may differ by
the tolerance. That moves its points, with a weight of at most 10^8, by at most one millionth. What follows
from the stored shares has no excuse: each contribution's points, their sums, the score, and the level.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.ledger.cells import DESTINATION, DIRECTION_NAMES, OWNERSHIP, RESIDUALS, SOURCE, decode
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.columns import column_of
from app.policy.conditions import LEVELS
from app.policy.points import points_of
from app.policy.policy import Policy
from app.runs.judgement.row_weights import RowWeights
from app.runs.results.lines import EXPOSURE_COLUMNS, NULL, SCORE_COLUMNS
from app.verify.compare import Fields, by_code, fields_of, items

POINTS = 1
"""Largest difference of a contribution, in millionths of a point."""

_CELLS = EXPOSURE_COLUMNS.index("cells")
_SCORE = {name: place for place, name in enumerate(SCORE_COLUMNS)}
_EXACT = ("wallet_id", "rules", "flags", "weighting", "unpriced_transfers", "usd_received", "usd_sent")
_NEAR = ("source_coverage", "destination_coverage")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a share may be off, as part of the wallet's total, and what points a stored share gives."""

    share: float
    points_of: Callable[[float, int], int]


def tolerance_of(engine: str) -> Tolerance | None:
    """The tolerance of a run; None where every difference counts: between runs of the ledger engine."""
    return None if engine == "ledger" else Tolerance(1e-9, points_of)


def near_exposures(tolerance: Tolerance, stored: Fields, recomputed: Fields) -> bool:
    """Whether totals are equal and shares near."""
    if len(items(stored[_CELLS])) != len(items(stored[_CELLS + 1])):
        return False
    return stored[:_CELLS] == recomputed[:_CELLS] and all(
        abs(float(was) - float(now)) <= tolerance.share
        for was, now in _values(_CELLS, _CELLS + 1, stored, recomputed)
    )


def near_scores(
    tolerance: Tolerance, policy: Policy, columns: Sequence[str], stored: Fields, recomputed: Fields
) -> bool:
    """Whether contributions are near, and the stored score is what follows from the stored contributions."""
    if any(stored[_SCORE[name]] != recomputed[_SCORE[name]] for name in _EXACT):
        return False
    if NULL in (stored[_SCORE["score"]], recomputed[_SCORE["score"]]):
        return stored == recomputed
    coverage = ((stored[_SCORE[name]], recomputed[_SCORE[name]]) for name in _NEAR)
    if any(
        was != now and (NULL in {was, now} or abs(float(was) - float(now)) > tolerance.share)
        for was, now in coverage
    ):
        return False
    return _near_contributions(tolerance, stored, recomputed) and _follows(tolerance, policy, columns, stored)


def with_stored_shares(exposures: Exposures, stored: Iterator[str]) -> Exposures:
    """The exposures with the shares of stored lines, which are of the same wallets and assets.

    Rules and the choice of a worst asset are made by comparing shares, so that the last bit decides.
    """
    sides = {SOURCE: exposures.source, DESTINATION: exposures.destination}
    starts: dict[int, list[int]] = {direction: [0] for direction in sides}
    cells: dict[int, list[int]] = {direction: [] for direction in sides}
    shares: dict[int, list[float]] = {direction: [] for direction in sides}
    cell_of = {
        code: cell
        for direction in sides
        for cell, code in enumerate(exposures.layout.codes(direction).tolist())
    }
    for line in stored:
        fields = fields_of(line)
        direction = int(fields[0])
        of_row = {
            cell_of[code]: float(share)
            for code, share in by_code(fields[_CELLS], fields[_CELLS + 1]).items()
            if code in cell_of  # another hand may have added a cell with next to nothing in it
        }
        cells[direction] += sorted(of_row)
        shares[direction] += (of_row[cell] for cell in sorted(of_row))
        starts[direction].append(len(cells[direction]))

    def side(direction: int) -> DirectionShares:
        of = sides[direction]
        rows = SparseRows(
            np.array(starts[direction], np.int64),
            np.array(cells[direction], np.int16),
            np.array(shares[direction], np.float64),
        )
        return DirectionShares(of.wallet_id, of.asset_id, rows, of.priced_wallet_id, of.combined)

    return Exposures(exposures.layout, side(SOURCE), side(DESTINATION))


def _values(codes: int, values: int, stored: Fields, recomputed: Fields) -> list[tuple[str, str]]:
    """The values of both rows by cell, 0 where one has none; `codes` and `values` are places of columns."""
    was, now = (by_code(fields[codes], fields[values]) for fields in (stored, recomputed))
    return [(was.get(code, "0"), now.get(code, "0")) for code in was.keys() | now.keys()]


def _near_contributions(tolerance: Tolerance, stored: Fields, recomputed: Fields) -> bool:
    cells, shares, points = (_SCORE[name] for name in ("cells", "shares", "points"))
    if any(abs(int(was) - int(now)) > POINTS for was, now in _values(cells, points, stored, recomputed)):
        return False
    was, now = (by_code(fields[cells], fields[shares]) for fields in (stored, recomputed))
    return all(
        abs(float(was[code]) - float(now[code])) <= tolerance.share for code in was.keys() & now.keys()
    )


def _follows(tolerance: Tolerance, policy: Policy, columns: Sequence[str], stored: Fields) -> bool:
    """Whether points, sums and level are what the stored shares give."""
    value = {name: stored[place] for name, place in _SCORE.items()}
    sums = [0, 0, 0]
    by_category = [dict.fromkeys(policy.categories, 0) for _ in sums]
    usd = float(value["usd_received"]), float(value["usd_sent"])
    codes, parts = list(map(int, items(value["cells"]))), list(map(float, items(value["shares"])))
    weights = RowWeights(policy, columns, codes, parts, usd)
    contributions = zip(
        map(int, items(value["cells"])), items(value["shares"]), items(value["points"]), strict=True
    )
    for code, share, points in contributions:
        direction, column, hop = decode(code)
        if column < len(RESIDUALS) or column >= len(columns) or hop > policy.hop_limit:
            return False
        if int(points) != tolerance.points_of(float(share), weights.of(direction, columns[column], hop)):
            return False
        sums[direction] += int(points)
        by_category[direction][column_of(columns[column]).category] += int(points)
    # A firm label that holds rates its wallet alone; without points of its own nothing else counts either.
    is_owned = stored[_SCORE["direction"]] == DIRECTION_NAMES[OWNERSHIP] or int(value["score"]) == 0 < max(
        sums
    )
    best = sums[OWNERSHIP] if is_owned else max(sums)
    winning = OWNERSHIP if is_owned else sums.index(best)
    main = max(by_category[winning], key=lambda name: by_category[winning][name])
    band = policy.band(best)
    fired = items(value["rules"])
    raised = [rule.level_at_least for rule in policy.rules if rule.level_at_least and rule.name in fired]
    level = max([band, *raised], key=LEVELS.index)
    if level == "low" and value["risk_level"] == "unrated":
        level = "unrated"  # by coverage, which is compared
    follows = (best, *sums, DIRECTION_NAMES[winning] if best else NULL, level, band, main if best else NULL)
    return tuple(map(str, follows)) == tuple(stored[_SCORE["score"] : _SCORE["main_category"] + 1])
