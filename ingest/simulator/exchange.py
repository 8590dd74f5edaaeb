"""An exchange: labelled hot and cold wallets, and unlabelled deposit wallets that are swept into them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.simulator.scene import Coin, Scene, Script


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange's own wallets."""

    hot: str
    cold: str


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's deposit wallet at an exchange."""

    exchange: Exchange
    wallet: str


def open_exchange(scene: Scene, name: str) -> Exchange:
    """A new exchange with its labels."""
    exchange = Exchange(scene.wallet("exchange_hot"), scene.wallet("exchange_cold"))
    scene.label(exchange.hot, "exchange", f"{name}: hot wallet")
    scene.label(exchange.cold, "exchange", f"{name}: cold wallet")
    return exchange


def withdraw(scene: Scene, exchange: Exchange, receiver: str, coin: Coin, units: int) -> str:
    """The exchange pays a customer; returns the transaction hash."""
    _refill(scene, exchange, coin, units)
    return scene.pay(exchange.hot, receiver, coin, units)


def withdraw_batch(
    scene: Scene, exchange: Exchange, receivers: Sequence[str], coin: Coin, units: int
) -> None:
    """The exchange pays several customers a token in one transaction."""
    _refill(scene, exchange, coin, units * len(receivers))
    scene.transact([(exchange.hot, receiver, coin, units) for receiver in receivers])


def mix_in(scene: Scene, exchange: Exchange, wallet: str, coin: Coin, dirty: int) -> int:
    """Clean money for a wallet that will launder so much, by the story's form; returns what it then holds."""
    clean = scene.form.clean(dirty)
    if clean:
        withdraw(scene, exchange, wallet, coin, clean)
    return dirty + clean


def deposit(scene: Scene, account: Account, sender: str, coin: Coin, units: int) -> str:
    """A customer pays into a deposit wallet, which is swept within the hour; returns the hash."""
    transaction_hash = scene.pay(sender, account.wallet, coin, units)
    scene.start(600 + scene.below(3_000), _sweep(scene, account, coin))
    return transaction_hash


def _sweep(scene: Scene, account: Account, coin: Coin) -> Script:
    if units := coin.held.get(account.wallet, 0):
        scene.pay(account.wallet, account.exchange.hot, coin, units)
    yield from ()


def _refill(scene: Scene, exchange: Exchange, coin: Coin, units: int) -> None:
    if coin.held.get(exchange.hot, 0) < units:
        scene.pay(exchange.cold, exchange.hot, coin, units + coin.units(20_000))
