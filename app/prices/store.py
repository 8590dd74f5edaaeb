"""Prices in the record. A changed or removed price is closed and kept; nothing is deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from app.errors import InvalidInput
from app.stores.copy_writer import copy_rows
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class PriceRow:
    """What one source says that a unit of an asset was worth on a day, in USD."""

    chain: str
    asset: str
    day: date
    price: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class ImportedPrices:
    """Prices that an import added, left unchanged, corrected and removed."""

    added: int
    unchanged: int
    updated: int
    removed: int = 0


def import_prices(postgres: Postgres, rows: Iterable[PriceRow], *, replace: bool = False) -> ImportedPrices:
    """Writes prices in one transaction. Importing the same prices again changes nothing.

    A price is identified by asset, day and source; of two in `rows` the later one counts. With `replace`
    other prices of the same sources are removed.

    Raises:
        InvalidInput: nothing to replace a source with.
    """
    prices = {(row.chain, row.asset, row.day, row.source): row.price for row in rows}
    if replace and not prices:
        raise InvalidInput(
            "It holds no price, so it does not say which source to replace. Use `aml prices remove`."
        )
    return postgres.run(lambda connection: _write(connection, prices, replace=replace))


def remove_prices(postgres: Postgres, source: str) -> int:
    """Records the removal of a source's prices; returns how many."""

    def work(connection: Connection) -> int:
        moment = _locked_moment(connection)
        return connection.execute(_REMOVE, {"source": source, "moment": moment}).rowcount

    return postgres.run(work)


@dataclass(frozen=True, slots=True)
class PriceSource:
    """What one source gives now: how many prices, of how many assets, of which days."""

    source: str
    prices: int
    assets: int
    first_day: date
    last_day: date


def price_sources(connection: Connection) -> list[PriceSource]:
    """The sources of current prices, by name."""
    return [PriceSource(*row) for row in connection.execute(_SOURCES)]


def _locked_moment(connection: Connection) -> datetime:
    """Locks out other writers of prices and runs that begin; the prices as of a time never change later."""
    connection.execute(text("LOCK TABLE prices IN SHARE ROW EXCLUSIVE MODE"))
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _write(
    connection: Connection, prices: dict[tuple[str, str, date, str], Decimal], *, replace: bool
) -> ImportedPrices:
    moment = {"moment": _locked_moment(connection)}
    connection.execute(_CREATE_IMPORTED)
    rows = ((*identity, format(price, "f")) for identity, price in prices.items())
    copy_rows(connection, "imported_prices", ("chain", "asset", "day", "source", "price"), rows)
    connection.execute(text("ANALYZE imported_prices"))
    updated = connection.execute(_CLOSE_CHANGED, moment).rowcount
    inserted = connection.execute(_INSERT_NEW, moment).rowcount
    removed = connection.execute(_CLOSE_ABSENT, moment).rowcount if replace else 0
    return ImportedPrices(inserted - updated, len(prices) - inserted, updated, removed)


_CREATE_IMPORTED = text("""
    CREATE TEMP TABLE imported_prices (chain text, asset text, day date, source text, price numeric)
    ON COMMIT DROP
""")
_CLOSE_CHANGED = text("""
    UPDATE prices p SET removed_at = :moment FROM imported_prices i
    WHERE p.removed_at IS NULL AND p.chain = i.chain AND p.asset = i.asset AND p.day = i.day
    AND p.source = i.source AND p.price <> i.price
""")
_INSERT_NEW = text("""
    INSERT INTO prices (chain, asset, day, price, source, recorded_at)
    SELECT i.chain, i.asset, i.day, i.price, i.source, :moment FROM imported_prices i WHERE NOT EXISTS (
        SELECT FROM prices p WHERE p.removed_at IS NULL AND p.chain = i.chain AND p.asset = i.asset
        AND p.day = i.day AND p.source = i.source
    )
""")
_CLOSE_ABSENT = text("""
    UPDATE prices p SET removed_at = :moment
    WHERE p.removed_at IS NULL AND p.source IN (SELECT source FROM imported_prices) AND NOT EXISTS (
        SELECT FROM imported_prices i WHERE p.chain = i.chain AND p.asset = i.asset AND p.day = i.day
        AND p.source = i.source
    )
""")
_REMOVE = text("UPDATE prices SET removed_at = :moment WHERE removed_at IS NULL AND source = :source")
_SOURCES = text("""
    SELECT source, count(*), count(DISTINCT (chain, asset)), min(day), max(day)
    FROM prices WHERE removed_at IS NULL GROUP BY source ORDER BY source
""")
