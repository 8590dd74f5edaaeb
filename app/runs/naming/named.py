"""Answers with the names of their wallets and assets."""

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import Connection

from app.answers.assets import AssetName
from app.answers.base import WalletName
from app.assets.names import asset_names
from app.labels.names import named, names_of
from app.record.transfers import RecordedTransfer, TransactionTransfers, WalletTransfers
from app.record.wallets import KnownWallet

Listed = TypeVar("Listed", WalletTransfers, TransactionTransfers)


def named_wallet(connection: Connection, wallet: KnownWallet) -> WalletName:
    """The wallet with its name."""
    key = wallet.chain, wallet.address
    return named(names_of(connection, [key]), *key)


def named_wallets(connection: Connection, chain: str, addresses: Iterable[str]) -> list[WalletName]:
    """Those of these wallets of a chain that have a name, each once, by address."""
    keys = [(chain, address) for address in sorted(set(addresses))]
    names = names_of(connection, keys)
    return [named(names, *key) for key in keys if key in names]


def with_names(connection: Connection, listed: Listed) -> Listed:
    """Transfers with what their wallets and assets are called."""
    wallets, assets = of_transfers(connection, listed.transfers)
    names: dict[str, Any] = {"names": wallets, "asset_names": assets}
    if isinstance(listed, WalletTransfers):
        wallet = listed.wallet
        names["wallet"] = named(
            names_of(connection, [(wallet.chain, wallet.address)]), wallet.chain, wallet.address
        )
    return listed.model_copy(update=names)


def of_transfers(
    connection: Connection, transfers: list[RecordedTransfer]
) -> tuple[list[WalletName], list[AssetName]]:
    """The names of the wallets and of the assets of transfers."""
    wallets: list[WalletName] = []
    assets: list[AssetName] = []
    for chain, of_chain in _by_chain(transfers).items():
        ends = (address for each in of_chain for address in (each.sender, each.receiver))
        wallets += named_wallets(connection, chain, ends)
        assets += asset_names(connection, chain, [each.asset for each in of_chain])
    return wallets, assets


def _by_chain(transfers: list[RecordedTransfer]) -> dict[str, list[RecordedTransfer]]:
    by_chain: dict[str, list[RecordedTransfer]] = {}
    for each in transfers:
        by_chain.setdefault(each.chain, []).append(each)
    return by_chain
