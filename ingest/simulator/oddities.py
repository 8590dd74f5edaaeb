"""Unusual transfers: of nothing, to oneself, of money never seen to arrive; pools emptied repeatedly."""

from app.domain import ZERO_ADDRESS
from ingest.simulator.cast import Cast
from ingest.simulator.exchange import withdraw
from ingest.simulator.scene import Coin, Scene, Script


def pay_oneself(scene: Scene, user: str, coin: Coin, held: int) -> None:
    """A transfer to oneself: recorded, and no flow."""
    scene.pay(user, user, coin, held)


def pay_nothing(scene: Scene, user: str, receiver: str, coin: Coin) -> None:
    """A transfer of zero, as address poisoning does: recorded, and no flow."""
    scene.pay(user, receiver, coin, 0)


def pay_from_nowhere(scene: Scene, user: str, receiver: str, coin: Coin, held: int) -> None:
    """More is sent than was seen to arrive: the rest came before the story, or from outside the ledger."""
    scene.pay(user, receiver, coin, held + coin.units(0, 100 + scene.below(900)))


def shuttle(scene: Scene, cast: Cast, rounds: int) -> Script:
    """Somebody repeatedly moves everything between two own wallets: a new epoch each time."""
    coin = scene.eth
    here, there = scene.wallet("shuttle"), scene.wallet("shuttle")
    for _ in range(rounds):
        withdraw(scene, scene.pick(cast.exchanges), here, coin, coin.units(1, scene.below(500)))
        yield 3_600 + scene.below(7_200)
        scene.pay(here, there, coin, coin.held[here])
        yield 1_800 + scene.below(3_600)
        scene.pay(there, here, coin, coin.held[there])
        yield 1_800 + scene.below(3_600)
        scene.pay(here, scene.pick(cast.shops), coin, coin.held[here])
        yield 20_000 + scene.below(40_000)


def mint(scene: Scene, cast: Cast) -> Script:
    """Tokens are minted: the zero address pays their issuer and the exchanges."""
    while scene.seconds < scene.end_seconds:
        scene.pay(ZERO_ADDRESS, cast.issuer, scene.points, scene.points.units(10_000_000))
        for exchange in cast.exchanges:
            scene.pay(ZERO_ADDRESS, exchange.cold, scene.usd, scene.usd.units(50_000_000))
        yield 10 * 86_400
