"""What each transfer of a run is worth: its own value, or by an imported price where it has none to use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from app.ledger.wire_rows import Decimals, RowsSink
from app.prices.medians import Judged, asset_of, day_of, days_of, judged, keys_of
from app.prices.price_set import EPOCH, PriceSet
from app.stores.copy_reader import copy_to
from app.stores.copy_writer import copy_rows


@dataclass(frozen=True)
class Observed:
    """Transfers with flow, one place of each array a transfer; `usd_value` is 0 where there is none."""

    transfer_id: NDArray[np.int64]
    asset_id: NDArray[np.int32] | NDArray[np.int64]
    occurred_at: NDArray[np.int64]
    amount: NDArray[np.float64]
    usd_value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UsedPrice:
    """The price of an asset and day that values what has no value of its own; USD of one unit."""

    asset_id: int
    day: date
    price: Decimal
    decimals: int


@dataclass(frozen=True, slots=True)
class UnusedPrice:
    """A transfer's value or an imported price that is not used, and the median it is too far from."""

    asset_id: int
    day: date
    transfer_id: int | None
    price_id: int | None
    price: float
    median: float


@dataclass(frozen=True)
class UsedValues:
    """What a run uses: `unused` marks transfers, by place, whose own value it does not.

    `filled_id` and `filled` are the transfers that imported prices value, and their values, exactly.
    """

    unused: NDArray[np.bool_]
    filled_id: NDArray[np.int64]
    filled: Decimals | None
    used_prices: list[UsedPrice]
    unused_prices: list[UnusedPrice]

    def overrides(self, transfer_id: NDArray[np.int64]) -> dict[int, Decimal | None]:
        """By id, the value of every transfer whose own is not the one that is used."""
        changed: dict[int, Decimal | None] = dict.fromkeys(transfer_id[self.unused].tolist())
        if self.filled is not None:
            changed |= dict(zip(self.filled_id.tolist(), _decimals(self.filled), strict=True))
        return changed


def used_values(connection: Connection, prices: PriceSet, watermark: int, observed: Observed) -> UsedValues:
    """Judges the values of transfers up to a batch, and values those without a usable one."""
    valued = np.flatnonzero(observed.usd_value > 0)
    key = keys_of(observed.asset_id[valued], days_of(observed.occurred_at[valued]))
    price = observed.usd_value[valued] / observed.amount[valued]
    if prices.decimals:
        price *= _scales(prices.decimals, key)
    imported = np.array([float(each) for each in prices.price], np.float64)
    of_transfers, of_imports = judged(key, price, prices.key, imported)
    unused = np.zeros(len(observed.transfer_id), np.bool_)
    unused[valued[of_transfers.unused]] = True
    used = list(_used(prices, of_imports))
    filled_id, filled = _fill(connection, used, watermark, observed.transfer_id[unused])
    ids = observed.transfer_id[valued]
    if of_transfers.unused.any():
        scale = _scales(_other_decimals(connection, prices, key[of_transfers.unused]), key)
        of_transfers, price = Judged(of_transfers.unused, of_transfers.median * scale), price * scale
    listed = [
        *_unused(of_transfers, key, price, transfer_id=ids),
        *_unused(of_imports, prices.key, imported, price_id=prices.price_id),
    ]
    return UsedValues(unused, filled_id, filled, used, listed)


def store_used(connection: Connection, run_id: int, values: UsedValues) -> None:
    """Stores which prices a run used, and which it did not."""
    copy_rows(
        connection,
        "used_prices",
        ("run_id", "asset_id", "day", "price", "decimals"),
        ((run_id, each.asset_id, each.day, each.price, each.decimals) for each in values.used_prices),
    )
    copy_rows(
        connection,
        "unused_prices",
        ("run_id", "asset_id", "day", "transfer_id", "price_id", "price", "median"),
        (
            (run_id, each.asset_id, each.day, each.transfer_id, each.price_id, each.price, each.median)
            for each in values.unused_prices
        ),
    )


def delete_used(connection: Connection, run_ids: list[int]) -> None:
    """Deletes what was stored of these runs."""
    for statement in (_DELETE_USED, _DELETE_UNUSED):
        connection.execute(statement, {"run_ids": run_ids})


def _scales(decimals: Mapping[int, int], key: NDArray[np.int64]) -> NDArray[np.float64]:
    """Base units in a unit of each key's asset; 1 where these decimals do not name it."""
    if not decimals:
        return np.ones(len(key))
    known = np.array(sorted(decimals), np.int64)
    scales = np.array([10.0 ** decimals[asset] for asset in known.tolist()])
    place = np.minimum(np.searchsorted(known, asset_of(key)), len(known) - 1)
    return np.where(known[place] == asset_of(key), scales[place], 1.0)


def _other_decimals(connection: Connection, prices: PriceSet, key: NDArray[np.int64]) -> dict[int, int]:
    """The decimals of the keys' assets whose prices do not say them: theirs are by the base unit so far."""
    others = [asset for asset in np.unique(asset_of(key)).tolist() if asset not in prices.decimals]
    return {row.asset_id: row.decimals for row in connection.execute(_DECIMALS, {"asset_ids": others})}


def _used(prices: PriceSet, imports: Judged) -> Iterator[UsedPrice]:
    """The lower median of the prices of each asset and day that are not too far from it."""
    by_key: dict[int, list[Decimal]] = {}
    for place in np.flatnonzero(~imports.unused).tolist():
        by_key.setdefault(int(prices.key[place]), []).append(prices.price[place])
    for key, several in by_key.items():
        asset_id, day = int(asset_of(np.int64(key))), _date(int(day_of(np.int64(key))))  # type: ignore[arg-type]
        median = sorted(several)[(len(several) - 1) // 2]
        yield UsedPrice(asset_id, day, median, prices.decimals[asset_id])


def _unused(
    judgement: Judged,
    key: NDArray[np.int64],
    price: NDArray[np.float64],
    *,
    transfer_id: NDArray[np.int64] | None = None,
    price_id: NDArray[np.int64] | None = None,
) -> Iterator[UnusedPrice]:
    for place in np.flatnonzero(judgement.unused).tolist():
        yield UnusedPrice(
            int(asset_of(key[place])),
            _date(int(day_of(key[place]))),
            None if transfer_id is None else int(transfer_id[place]),
            None if price_id is None else int(price_id[place]),
            float(price[place]),
            float(judgement.median[place]),
        )


def _fill(
    connection: Connection, used: list[UsedPrice], watermark: int, unused_id: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Decimals | None]:
    """The values of transfers whose own is missing or not used, by the prices of their days."""
    if not used:
        return np.empty(0, np.int64), None
    sink = RowsSink({"transfer_id": "int", "usd_value": "decimal"})
    copy_to(
        connection,
        _FILLED,
        sink,
        {
            "watermark": watermark,
            "unused": unused_id.tolist(),
            "assets": [each.asset_id for each in used],
            "days": [each.day for each in used],
            "prices": [each.price for each in used],
            "decimals": [each.decimals for each in used],
        },
    )
    columns = sink.columns()
    return columns["transfer_id"], columns["usd_value"]


def _decimals(column: Decimals) -> Iterator[Decimal]:
    from app.ledger.limbs import BASE, LIMB_DIGITS  # noqa: PLC0415 - loads a compiler

    powers = [BASE**limb for limb in range(column.limbs.shape[1])]
    for row in column.limbs.tolist():
        whole = sum(limb * power for limb, power in zip(row, powers, strict=True))
        yield Decimal(whole).scaleb(-LIMB_DIGITS * column.fraction)


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)


_FILLED = """
SELECT t.transfer_id, round(t.amount * p.price / power(10::numeric, p.decimals), 18) AS usd_value
FROM transactions t
JOIN unnest(%(assets)s::int[], %(days)s::date[], %(prices)s::numeric[], %(decimals)s::int[])
    AS p (asset_id, day, price, decimals)
    ON p.asset_id = t.asset_id AND p.day = (t.occurred_at AT TIME ZONE 'UTC')::date
WHERE t.batch_id <= %(watermark)s AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > %(watermark)s)
  AND t.amount > 0 AND t.sender_id <> t.receiver_id
  AND (t.usd_value IS NULL OR t.usd_value <= 0 OR t.transfer_id = ANY(%(unused)s::bigint[]))
  AND NOT EXISTS (SELECT FROM absences x WHERE x.transfer_id = t.transfer_id
      AND x.retracted_batch_id <= %(watermark)s AND x.returned_batch_id > %(watermark)s)
"""
_DECIMALS = text("""
    SELECT asset_id, decimals FROM assets WHERE asset_id = ANY(:asset_ids) AND decimals IS NOT NULL
""")
_DELETE_USED = text("DELETE FROM used_prices WHERE run_id = ANY(CAST(:run_ids AS bigint[]))")
_DELETE_UNUSED = text("DELETE FROM unused_prices WHERE run_id = ANY(CAST(:run_ids AS bigint[]))")
