"""The columns that a run's labels need, and the one of each labelled wallet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.labels.effective import EffectiveLabel
from app.ledger.cells import CellLayout
from app.policy.columns import PERIODS, ExposureColumn
from app.policy.policy import Policy

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class WalletColumn(NamedTuple):
    """The column of a labelled wallet's money, by its place in `layout.categories`.

    Where a listing has dates it is that of money that moved while it held; before `listed_from` and from
    `listed_until` on (microseconds since 1970; None: no bound) other columns count.
    """

    column: int
    dated: bool = False
    listed_from: int | None = None
    listed_until: int | None = None


@dataclass(frozen=True)
class LabelColumns:
    """The cells of a run, and the column of each labelled wallet by wallet_id."""

    layout: CellLayout
    by_wallet: dict[int, WalletColumn]


def label_columns(labels: Iterable[EffectiveLabel], policy: Policy) -> LabelColumns:
    """The columns of these labels, of which only those of a diff may have categories the policy lacks."""
    counted = [label for label in labels if label.category in policy.categories]
    extra = {column for label in counted for column in _columns(label)}
    layout = policy.layout_with(extra)
    place = {name: number for number, name in enumerate(layout.categories)}
    by_wallet = {}
    for label in counted:
        if label.wallet_id is not None:
            columns = _columns(label)
            dated = len(columns) > 1
            by_wallet[label.wallet_id] = WalletColumn(
                place[columns[PERIODS.index("while") if dated else 0].name],
                dated,
                microseconds(label.valid_from) if dated else None,
                microseconds(label.valid_to) if dated else None,
            )
    return LabelColumns(layout, by_wallet)


def microseconds(moment: datetime | None) -> int | None:
    """The moment in microseconds since 1970, or None for none."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def _columns(label: EffectiveLabel) -> list[ExposureColumn]:
    """The columns of a label: one, or one for each of the PERIODS."""
    category = str(label.category)
    if not label.firm:
        return [ExposureColumn(category, firm=False)]
    if label.listed and (label.valid_from or label.valid_to):
        return [ExposureColumn(category, period) for period in PERIODS]
    return [ExposureColumn(category)]
