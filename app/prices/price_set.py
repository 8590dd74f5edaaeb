"""The prices that hold at a moment, of assets that the record knows, and a digest of all of them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from app.prices.medians import Keys, keys_of

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class PriceSet:
    """Imported prices by place: their ids, keys (`app.prices.medians`), and USD of one unit.

    `decimals` has those of their assets; prices of an asset whose decimals nobody says are left out.
    """

    digest: str
    price_id: NDArray[np.int64]
    key: Keys
    price: list[Decimal]
    decimals: dict[int, int]


def prices_at(connection: Connection, as_of: datetime) -> PriceSet:
    """The prices recorded and not removed at that time."""
    digest = connection.execute(_DIGEST, {"as_of": as_of}).scalar_one()
    rows = connection.execute(_PRICES, {"as_of": as_of}).all()
    asset_id = np.array([row.asset_id for row in rows], np.int64)
    day = np.array([(row.day - EPOCH).days for row in rows], np.int64)
    return PriceSet(
        digest,
        np.array([row.price_id for row in rows], np.int64),
        keys_of(asset_id, day),
        [row.price for row in rows],
        {row.asset_id: row.decimals for row in rows},
    )


_AT = "recorded_at <= :as_of AND (removed_at IS NULL OR removed_at > :as_of)"
_DIGEST = text(rf"""
    SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), ''),
        'UTF8')), 'hex')
    FROM (SELECT concat_ws(E'\t', chain, asset, day, trim_scale(price), source) AS line FROM prices
          WHERE {_AT}) AS lines
""")  # noqa: S608 - a constant of this file
_PRICES = text(f"""
    SELECT p.price_id, a.asset_id, p.day, p.price, coalesce(a.decimals, r.decimals) AS decimals
    FROM (SELECT * FROM prices WHERE {_AT}) AS p JOIN assets a ON a.chain = p.chain AND a.asset = p.asset
    LEFT JOIN LATERAL (
        SELECT decimals FROM registered_assets
        WHERE chain = a.chain AND asset = a.asset AND decimals IS NOT NULL AND {_AT}
        ORDER BY NOT known, source COLLATE "C" LIMIT 1
    ) AS r ON true
    WHERE coalesce(a.decimals, r.decimals) IS NOT NULL ORDER BY p.price_id
""")  # noqa: S608 - likewise
