"""The registry of assets in the record. A changed or removed entry is closed and kept; nothing is deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from app.errors import InvalidInput
from app.stores.copy_writer import copy_rows
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class AssetRow:
    """What one source calls an asset; `known` says whether its money counts, or the entry only names it."""

    chain: str
    asset: str
    source: str
    symbol: str | None
    name: str | None
    decimals: int | None
    known: bool


@dataclass(frozen=True, slots=True)
class ImportedAssets:
    """Entries that an import added, left unchanged, corrected and removed."""

    added: int
    unchanged: int
    updated: int
    removed: int = 0


def import_assets(postgres: Postgres, rows: Iterable[AssetRow], *, replace: bool = False) -> ImportedAssets:
    """Writes entries in one transaction. Importing the same ones again changes nothing.

    An entry is identified by asset and source; of two in `rows` the later one counts. With `replace` other
    entries of the same sources are removed.

    Raises:
        InvalidInput: nothing to replace a source with.
    """
    entries = {(row.chain, row.asset, row.source): row for row in rows}
    if replace and not entries:
        raise InvalidInput(
            "It holds no asset, so it does not say which source to replace. Use `aml assets remove`."
        )
    return postgres.run(lambda connection: _write(connection, list(entries.values()), replace=replace))


def remove_assets(postgres: Postgres, source: str) -> int:
    """Records the removal of a source's entries; returns how many."""

    def work(connection: Connection) -> int:
        moment = _locked_moment(connection)
        return connection.execute(_REMOVE, {"source": source, "moment": moment}).rowcount

    return postgres.run(work)


def current_assets(connection: Connection, search: str | None, limit: int) -> list[Row[Any]]:
    """Current entries by chain, asset and source, whose symbol, name, contract or source has the text."""
    return list(connection.execute(_CURRENT, {"search": search, "limit": limit}))


def known_decimals(connection: Connection, chain: str) -> dict[str, int]:
    """Decimals of a chain's assets: those that their transfers are recorded with, else the registry's."""
    rows = connection.execute(_DECIMALS, {"chain": chain})
    return {row.asset: row.decimals for row in rows}


def _locked_moment(connection: Connection) -> datetime:
    """Locks out other writers and runs that begin: the registry as of a time never changes later."""
    connection.execute(text("LOCK TABLE registered_assets IN SHARE ROW EXCLUSIVE MODE"))
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _write(connection: Connection, entries: list[AssetRow], *, replace: bool) -> ImportedAssets:
    moment = {"moment": _locked_moment(connection)}
    connection.execute(_CREATE_IMPORTED)
    rows = ((r.chain, r.asset, r.source, r.symbol, r.name, r.decimals, r.known) for r in entries)
    copy_rows(connection, "imported_assets", _COLUMNS, rows)
    connection.execute(text("ANALYZE imported_assets"))
    updated = connection.execute(_CLOSE_CHANGED, moment).rowcount
    inserted = connection.execute(_INSERT_NEW, moment).rowcount
    removed = connection.execute(_CLOSE_ABSENT, moment).rowcount if replace else 0
    return ImportedAssets(inserted - updated, len(entries) - inserted, updated, removed)


_COLUMNS = ("chain", "asset", "source", "symbol", "name", "decimals", "known")
_SAME = "r.chain = i.chain AND r.asset = i.asset AND r.source = i.source"
_CREATE_IMPORTED = text("""
    CREATE TEMP TABLE imported_assets (
        chain text, asset text, source text, symbol text, name text, decimals smallint, known boolean
    ) ON COMMIT DROP
""")
_CLOSE_CHANGED = text(f"""
    UPDATE registered_assets r SET removed_at = :moment FROM imported_assets i
    WHERE r.removed_at IS NULL AND {_SAME} AND (r.symbol, r.name, r.decimals, r.known)
        IS DISTINCT FROM (i.symbol, i.name, i.decimals, i.known)
""")  # noqa: S608 - constants of this file
_INSERT_NEW = text(f"""
    INSERT INTO registered_assets (chain, asset, source, symbol, name, decimals, known, recorded_at)
    SELECT i.chain, i.asset, i.source, i.symbol, i.name, i.decimals, i.known, :moment
    FROM imported_assets i
    WHERE NOT EXISTS (SELECT FROM registered_assets r WHERE r.removed_at IS NULL AND {_SAME})
""")  # noqa: S608 - likewise
_CLOSE_ABSENT = text(f"""
    UPDATE registered_assets r SET removed_at = :moment
    WHERE r.removed_at IS NULL AND r.source IN (SELECT source FROM imported_assets)
      AND NOT EXISTS (SELECT FROM imported_assets i WHERE {_SAME})
""")  # noqa: S608 - likewise
_REMOVE = text("""
    UPDATE registered_assets SET removed_at = :moment WHERE removed_at IS NULL AND source = :source
""")
_CURRENT = text("""
    SELECT chain, asset, symbol, name, decimals, known, source, recorded_at FROM registered_assets
    WHERE removed_at IS NULL AND (CAST(:search AS text) IS NULL
        OR strpos(lower(concat_ws(' ', chain, asset, symbol, name, source)), lower(:search)) > 0)
    ORDER BY chain COLLATE "C", asset COLLATE "C", source COLLATE "C" LIMIT :limit
""")
_DECIMALS = text("""
    SELECT asset, decimals FROM (
        SELECT asset, decimals_of(chain, asset, decimals) AS decimals FROM assets WHERE chain = :chain
        UNION
        SELECT r.asset, decimals_of(r.chain, r.asset, NULL::smallint) FROM registered_assets r
        WHERE r.chain = :chain AND r.removed_at IS NULL
          AND NOT EXISTS (SELECT FROM assets a WHERE a.chain = r.chain AND a.asset = r.asset)
    ) AS known WHERE decimals IS NOT NULL
""")
