"""What assets are called: by the registry, and which contract it is where the symbol alone does not say."""

from collections.abc import Collection

from sqlalchemy import Connection, Row, text

from app.answers.assets import AssetName, short
from app.chains.addresses import normalise_address
from app.errors import InvalidEvent


def asset_names(connection: Connection, chain: str, assets: Collection[str]) -> list[AssetName]:
    """The names of these assets of a chain, each once, in order."""
    asked = sorted(set(assets))
    if not asked:
        return []
    rows = {row.asset: row for row in connection.execute(_NAMES, {"chain": chain, "assets": asked})}
    return [_name(chain, asset, rows.get(asset)) for asset in asked]


def _name(chain: str, asset: str, entry: Row[tuple[object, ...]] | None) -> AssetName:
    native = not _is_contract(chain, asset)
    symbol = entry.symbol if entry is not None else None
    known = native or (entry is not None and bool(entry.known))
    if native:
        title = asset
    elif symbol is None:
        title = short(asset)
    else:
        is_claimed_once = known and entry is not None and entry.claims == 1
        title = symbol if is_claimed_once else f"{symbol} ({short(asset)})"
    return AssetName(
        chain=chain,
        asset=asset,
        symbol=asset if native and symbol is None else symbol,
        name=None if entry is None else entry.name,
        name_source=None if entry is None else entry.source,
        decimals=None if entry is None else entry.decimals,
        known=known,
        title=title,
    )


def _is_contract(chain: str, asset: str) -> bool:
    """Whether it is written as an address of the chain; native coins have symbols."""
    try:
        normalise_address(chain, asset)
    except InvalidEvent:
        return False
    return True


# A native coin claims its symbol too: a contract that says ETH on Ethereum is not the only one.
_NAMES = text("""
    SELECT DISTINCT ON (r.asset) r.asset, r.symbol, r.name, r.source, r.known,
        decimals_of(r.chain, r.asset, NULL) AS decimals,
        (SELECT count(DISTINCT other.asset) FROM registered_assets other
         WHERE other.chain = r.chain AND lower(other.symbol) = lower(r.symbol) AND other.removed_at IS NULL)
        + (SELECT count(*) FROM assets a
           WHERE a.chain = r.chain AND a.asset = upper(r.symbol) AND a.asset <> r.asset) AS claims
    FROM registered_assets r
    WHERE r.chain = :chain AND r.asset = ANY(:assets) AND r.removed_at IS NULL
    ORDER BY r.asset, NOT r.known, r.symbol IS NULL, r.source COLLATE "C"
""")
