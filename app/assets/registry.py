"""The registry of assets at a moment: which are known, and a digest of all entries."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

AssetKey = tuple[str, str]
"""Chain, and symbol or contract."""


@dataclass(frozen=True)
class Registry:
    """The assets whose money counts because somebody chose them, and the digest of every entry."""

    digest: str | None
    known: frozenset[AssetKey]


NOTHING_REGISTERED = Registry(None, frozenset())


def registry_at(connection: Connection, as_of: datetime) -> Registry:
    """What was registered at that time."""
    digest = connection.execute(_DIGEST, {"as_of": as_of}).scalar_one()
    known = connection.execute(_KNOWN, {"as_of": as_of}).all()
    return Registry(digest, frozenset((row.chain, row.asset) for row in known))


_AT = "recorded_at <= :as_of AND (removed_at IS NULL OR removed_at > :as_of)"
_DIGEST = text(rf"""
    SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), ''),
        'UTF8')), 'hex')
    FROM (SELECT concat_ws(E'\t', chain, asset, source, coalesce(symbol, ''), coalesce(name, ''),
              coalesce(decimals::text, ''), known) AS line
          FROM registered_assets WHERE {_AT}) AS lines
""")  # noqa: S608 - a constant of this file
_KNOWN = text(f"SELECT DISTINCT chain, asset FROM registered_assets WHERE known AND {_AT}")  # noqa: S608
