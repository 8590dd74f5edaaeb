"""The weights of a stored score: what a share of 1 gives in it, the floor on sums included."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from app.ledger.cells import DESTINATION, RESIDUALS, SOURCE, decode
from app.policy.columns import column_of
from app.policy.points import cents, floored
from app.policy.policy import Policy


class RowWeights:
    """Weights of the shares of one stored score.

    Args:
        policy: the run's.
        columns: the names of the run's columns.
        cells: the codes of the stored shares.
        shares: the shares.
        usd: what the wallet received and sent in known assets; without a value no sum is below the floor.
    """

    def __init__(
        self,
        policy: Policy,
        columns: Sequence[str],
        cells: Iterable[int],
        shares: Iterable[float],
        usd: tuple[float, float],
    ) -> None:
        self._policy = policy
        sums: dict[tuple[int, str], float] = defaultdict(float)
        for code, share in zip(cells, shares, strict=True):
            direction, column, hop = decode(code)
            if direction not in {SOURCE, DESTINATION} or not len(RESIDUALS) <= column < len(columns):
                continue
            name = columns[column]
            if usd[direction - 1] > 0 and policy.micro_points(name, hop, direction):
                sums[direction, column_of(name).category] += share * usd[direction - 1]
        self._sums = {key: cents(np.array([total])) for key, total in sums.items()}

    def of(self, direction: int, column: str, hop: int) -> int:
        """Millionths of a point of a share of 1."""
        policy = self._policy
        weight = policy.micro_points(column, hop, direction)
        total = self._sums.get((direction, column_of(column).category))
        if total is None:
            return weight
        return int(floored(np.array([weight]), total, policy.floor_cents, policy.below_floor)[0])

    def counted(self, direction: int, column: str) -> float:
        """The part of its points that money counts with: 1, or less where its sum is below the floor."""
        total = self._sums.get((direction, column_of(column).category))
        is_below = total is not None and int(total[0]) < self._policy.floor_cents
        return float(self._policy.floor.below) if is_below else 1.0
