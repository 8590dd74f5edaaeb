"""How near a run by path queries must be to its recomputation by the ledger, and what must be exact.

Both engines give a share with its own rounding, so a share may differ by `SHARE`. That moves
`floor(share * weight)`, with a weight of at most 10^8, by at most one millionth of a point. Whatever follows
from the stored shares has no excuse: each contribution's points, their sums, the score, and the level.
"""

from collections.abc import Iterator

import numpy as np

from app.ledger.cells import DESTINATION, DIRECTION_NAMES, RESIDUALS, SOURCE, CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.policy import LEVELS, Policy
from app.runs.results import EXPOSURE_COLUMNS, NULL, SCORE_COLUMNS
from app.verify.compare import Fields, by_cell, items

SHARE = 1e-9
"""Largest difference of a share, as part of the wallet's total."""
POINTS = 1
"""Largest difference of a contribution, in millionths of a point."""

_CELLS = EXPOSURE_COLUMNS.index("cells")
_SCORE = {name: place for place, name in enumerate(SCORE_COLUMNS)}
_EXACT = ("wallet_id", "rules", "weighting", "unpriced_transfers")


def nothing(stored: Fields, recomputed: Fields) -> bool:
    """Between runs of one engine every difference counts."""
    return stored == recomputed


def near_exposures(stored: Fields, recomputed: Fields) -> bool:
    """Whether totals are equal and shares near."""
    if len(items(stored[_CELLS])) != len(items(stored[_CELLS + 1])):
        return False
    was, now = (by_cell(fields[_CELLS], fields[_CELLS + 1]) for fields in (stored, recomputed))
    return stored[:_CELLS] == recomputed[:_CELLS] and all(
        abs(float(was.get(cell, 0)) - float(now.get(cell, 0))) <= SHARE for cell in was.keys() | now.keys()
    )


def near_scores(policy: Policy, stored: Fields, recomputed: Fields) -> bool:
    """Whether contributions are near, and the stored score is what follows from the stored contributions."""
    if any(stored[_SCORE[name]] != recomputed[_SCORE[name]] for name in _EXACT):
        return False
    if NULL in (stored[_SCORE["score"]], recomputed[_SCORE["score"]]):
        return stored == recomputed
    return _near_contributions(stored, recomputed) and _follows(policy, stored)


def with_stored_shares(exposures: Exposures, stored: Iterator[str]) -> Exposures:
    """The exposures with the shares of stored lines, which are of the same wallets and assets.

    Rules and the choice of a worst asset are made by comparing shares, so that the last bit decides.
    """
    sides = {SOURCE: exposures.source, DESTINATION: exposures.destination}
    starts: dict[int, list[int]] = {direction: [0] for direction in sides}
    cells: dict[int, list[int]] = {direction: [] for direction in sides}
    shares: dict[int, list[float]] = {direction: [] for direction in sides}
    cell_of = {
        direction: {code: cell for cell, code in enumerate(exposures.layout.codes(direction).tolist())}
        for direction in sides
    }
    for line in stored:
        fields = line.rstrip("\n").split("\t")
        direction = int(fields[0])
        of_row = {
            cell_of[direction][code]: float(share)
            for code, share in by_cell(fields[_CELLS], fields[_CELLS + 1]).items()
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


def _near_contributions(stored: Fields, recomputed: Fields) -> bool:
    cells, shares, points = (_SCORE[name] for name in ("cells", "shares", "points"))
    was, now = (by_cell(fields[cells], fields[points]) for fields in (stored, recomputed))
    if any(abs(int(was.get(cell, 0)) - int(now.get(cell, 0))) > POINTS for cell in was.keys() | now.keys()):
        return False
    was, now = (by_cell(fields[cells], fields[shares]) for fields in (stored, recomputed))
    return all(abs(float(was[cell]) - float(now[cell])) <= SHARE for cell in was.keys() & now.keys())


def _follows(policy: Policy, stored: Fields) -> bool:
    value = {name: stored[place] for name, place in _SCORE.items()}
    columns = CellLayout(tuple(policy.categories), policy.hop_limit).columns
    sums = [0, 0, 0]
    by_category = [dict.fromkeys(policy.categories, 0) for _ in sums]
    contributions = zip(
        map(int, items(value["cells"])), items(value["shares"]), items(value["points"]), strict=True
    )
    for cell, share, points in contributions:
        direction, column, hop = cell // 1024, cell % 1024 // 8, cell % 8
        if column < len(RESIDUALS) or column >= len(columns):
            return False
        if int(points) != int(np.floor(float(share) * policy.micro_points(columns[column], hop))):
            return False
        sums[direction] += int(points)
        by_category[direction][columns[column]] += int(points)
    best = max(sums)
    winning = sums.index(best)
    main = max(by_category[winning], key=lambda name: by_category[winning][name])
    band = policy.band(best)
    raised = [rule.level_at_least for rule in policy.rules if rule.name in items(value["rules"])]
    level = max([band, *raised], key=LEVELS.index)
    follows = (best, *sums, DIRECTION_NAMES[winning] if best else NULL, level, band, main if best else NULL)
    return tuple(map(str, follows)) == tuple(stored[_SCORE["score"] : _SCORE["main_category"] + 1])
