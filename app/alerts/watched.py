"""Watched wallets in the record: added with the caller's references, listed, removed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Row, text

from app.answers.alerts import WatchedWallet, WatchedWallets, WatchReport
from app.answers.base import WalletName
from app.chains.wallet_reference import wallet_on
from app.domain import format_points
from app.errors import InvalidInput, NotFound

CSV_COLUMNS = ("chain", "address", "reference", "customer_reference")
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Watch:
    """A wallet to watch, in whatever spelling of its chain, with the caller's references."""

    chain: str
    address: str
    reference: str | None
    customer_reference: str | None
    origin: str


def watch(connection: Connection, watches: Iterable[Watch]) -> WatchReport:
    """Watches these wallets; of one that is watched already the references are replaced.

    Raises:
        UnknownAddress: one is no address; the message says which.
        InvalidInput: one wallet twice.
    """
    added = updated = unchanged = 0
    seen: set[tuple[str, str]] = set()
    for each in watches:
        chain, address = wallet_on(each.chain, each.address, each.origin)
        if (chain, address) in seen:
            message = f"{each.origin}: {chain}:{address} is there twice. Keep one."
            raise InvalidInput(message, name=f"{each.origin}.address")
        seen.add((chain, address))
        parameters = {
            "chain": chain,
            "address": address,
            "reference": each.reference,
            "customer_reference": each.customer_reference,
        }
        if connection.execute(_ADD, parameters).rowcount:
            added += 1
        elif connection.execute(_UPDATE, parameters).rowcount:
            updated += 1
        else:
            unchanged += 1
    return WatchReport(added=added, updated=updated, unchanged=unchanged)


def unwatch(connection: Connection, watched_id: UUID) -> None:
    """Watches a wallet no longer; its references go, its alerts stay.

    Raises:
        NotFound: none of that id is watched.
    """
    if not connection.execute(_REMOVE, {"watched_id": watched_id}).rowcount:
        raise NotFound(f"There is no watched wallet {watched_id}. GET /v1/watched-wallets lists them.")


def unwatch_address(connection: Connection, chain: str, address: str) -> int:
    """As `unwatch`, by wallet; returns how many there were."""
    return connection.execute(_REMOVE_WALLET, {"chain": chain, "address": address}).rowcount


def watched_wallets(
    connection: Connection,
    limit: int,
    after: UUID | None = None,
    customer_reference: str | None = None,
    *,
    with_total: bool = False,
) -> tuple[WatchedWallets, UUID | None]:
    """Watched wallets by id, and the id that the next page begins after."""
    parameters = {"after": after or _FIRST, "limit": limit + 1, "customer_reference": customer_reference}
    rows = connection.execute(_PAGE, parameters).all()
    total = connection.execute(_COUNT, parameters).scalar_one() if with_total else None
    following: UUID | None = rows[limit - 1].watched_id if len(rows) > limit else None
    return WatchedWallets(watched_wallets=[_answer(row) for row in rows[:limit]], total=total), following


def every_watched(connection: Connection, page: int = 1_000) -> Iterator[WatchedWallet]:
    """All watched wallets, read by page."""
    after: UUID | None = _FIRST
    while after is not None:
        listed, after = watched_wallets(connection, page, after)
        yield from listed.watched_wallets


def watched_of(connection: Connection, chain: str, address: str) -> WatchedWallet | None:
    """The watched wallet of that name, if it is watched."""
    row = connection.execute(_ONE, {"chain": chain, "address": address}).one_or_none()
    return None if row is None else _answer(row)


def _answer(row: Row[tuple[object, ...]]) -> WatchedWallet:
    wallet = WalletName(chain=row.chain, address=row.address)
    score = None if row.score is None else format_points(row.score)
    return WatchedWallet.model_validate({**row._asdict(), "wallet": wallet, "score": score})


_ADD = text("""
    INSERT INTO watched_wallets (chain, address, reference, customer_reference, touched_watermark)
    SELECT :chain, :address, :reference, :customer_reference, coalesce(max(batch_id), 0) FROM batches
    ON CONFLICT (chain, address) DO NOTHING
""")
_UPDATE = text("""
    UPDATE watched_wallets SET reference = :reference, customer_reference = :customer_reference
    WHERE chain = :chain AND address = :address
      AND (reference, customer_reference)
          IS DISTINCT FROM (CAST(:reference AS text), CAST(:customer_reference AS text))
""")
_REMOVE = text("DELETE FROM watched_wallets WHERE watched_id = :watched_id")
_REMOVE_WALLET = text("DELETE FROM watched_wallets WHERE chain = :chain AND address = :address")
_PAGE = text("""
    SELECT * FROM watched_wallets WHERE watched_id > :after
      AND (CAST(:customer_reference AS text) IS NULL OR customer_reference = :customer_reference)
    ORDER BY watched_id LIMIT :limit
""")
_COUNT = text("""
    SELECT count(*) FROM watched_wallets
    WHERE CAST(:customer_reference AS text) IS NULL OR customer_reference = :customer_reference
""")
_ONE = text("SELECT * FROM watched_wallets WHERE chain = :chain AND address = :address")
