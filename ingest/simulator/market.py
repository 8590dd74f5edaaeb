"""Ordinary life: people withdraw, pay each other and shops, gamble a little, and pay back into exchanges."""

from collections.abc import Callable

from ingest.simulator.cast import Cast
from ingest.simulator.exchange import deposit, withdraw, withdraw_batch
from ingest.simulator.oddities import pay_from_nowhere, pay_nothing, pay_oneself
from ingest.simulator.scene import Coin, Scene, Script

EARN_PERCENT = 25
"""Of the steps: they bring somebody new money; the others spend what somebody has."""
EVERYTHING_PERCENT = 45
SETTLE_SECONDS = 6 * 3_600

Purse = tuple[int, Coin]
"""A person, by number, and a coin that the person holds."""
Act = Callable[[Scene, Cast, Purse, int], Purse | None]
"""Spends from a purse that holds so many base units; returns the purse that was paid, if there is one."""


def market(scene: Scene, cast: Cast, until_transfers: int, gap_seconds: int) -> Script:
    """Ordinary steps until there are so many transfers in total."""
    acts = [act for act, weight in _ACTS for _ in range(weight)]
    purses: list[Purse] = []
    while len(scene.transfers) < until_transfers:
        paid: Purse | None
        if not purses or scene.below(100) < EARN_PERCENT:
            paid = _earn(scene, cast)
        else:
            index = scene.below(len(purses))
            purse = purses[index]
            held = purse[1].held.get(cast.users[purse[0]], 0)
            if held < purse[1].units(0, 5):
                purses[index] = purses[-1]
                purses.pop()
                continue
            paid = scene.pick(acts)(scene, cast, purse, held)
        if paid is not None:
            purses.append(paid)
        yield scene.below(2 * gap_seconds + 1)


def settle(scene: Scene, cast: Cast, wallet: str, number: int) -> Script:
    """A shop or payment processor: sometimes it pays somebody, and deposits the rest at its exchange."""
    account = cast.account(number)
    while scene.seconds < scene.end_seconds:
        yield SETTLE_SECONDS // 2 + scene.below(SETTLE_SECONDS)
        for coin in (scene.eth, scene.usd):
            held = coin.held.get(wallet, 0)
            if held and scene.below(3) == 0:
                scene.pay(wallet, scene.pick(cast.users), coin, scene.portion(held, 5, 30))
            if rest := coin.held.get(wallet, 0):
                deposit(scene, account, wallet, coin, rest)


def _earn(scene: Scene, cast: Cast) -> Purse:
    number, exchange, percent = scene.below(len(cast.users)), scene.pick(cast.exchanges), scene.below(100)
    user = cast.users[number]
    if percent < 8:  # noqa: PLR2004 - loyalty points; then ether; the rest in the stablecoin
        coin = scene.points
        scene.pay(cast.issuer, user, coin, coin.units(50 + scene.below(500)))
    elif percent < 62:  # noqa: PLR2004
        coin = scene.eth
        withdraw(scene, exchange, user, coin, coin.units(scene.below(3), 50 + scene.below(950)))
    else:
        coin = scene.usd
        if scene.below(5) == 0:
            receivers = [user, scene.pick(cast.users), scene.pick(cast.users)]
            withdraw_batch(scene, exchange, receivers, coin, coin.units(100))
        else:
            withdraw(scene, exchange, user, coin, coin.units(50 + scene.below(4_000)))
    return number, coin


def _pay_person(scene: Scene, cast: Cast, purse: Purse, held: int) -> Purse:
    number = scene.below(len(cast.users))
    everything = scene.below(100) < EVERYTHING_PERCENT
    units = held if everything else scene.portion(held, 10, 70)
    scene.pay(cast.users[purse[0]], cast.users[number], purse[1], units)
    return number, purse[1]


def _pay_shop(scene: Scene, cast: Cast, purse: Purse, held: int) -> None:
    scene.pay(cast.users[purse[0]], scene.pick(cast.shops), purse[1], scene.portion(held, 5, 60))


def _pay_processor(scene: Scene, cast: Cast, purse: Purse, held: int) -> None:
    scene.pay(cast.users[purse[0]], scene.pick(cast.processors), purse[1], scene.portion(held, 5, 60))


def _deposit(scene: Scene, cast: Cast, purse: Purse, held: int) -> None:
    deposit(scene, cast.account(purse[0]), cast.users[purse[0]], purse[1], held)


def _gamble(scene: Scene, cast: Cast, purse: Purse, held: int) -> None:
    user, coin = cast.users[purse[0]], purse[1]
    stake = scene.portion(held, 2, 15)
    scene.pay(user, cast.casino, coin, stake)
    if scene.below(3) == 0:
        scene.pay(cast.casino, user, coin, 2 * stake)


def _swap(scene: Scene, cast: Cast, purse: Purse, held: int) -> Purse | None:
    """Swaps ether for the stablecoin, in one transaction."""
    number, user = purse[0], cast.users[purse[0]]
    if purse[1] is not scene.eth or scene.eth.cents is None:
        return None
    ether = scene.portion(held, 10, 60)
    dollars = ether * scene.eth.cents // 100 * scene.usd.scale // scene.eth.scale
    scene.transact(((user, cast.swap, scene.eth, ether), (cast.swap, user, scene.usd, dollars)))
    return number, scene.usd


def _pay_oneself(scene: Scene, cast: Cast, purse: Purse, held: int) -> None:
    pay_oneself(scene, cast.users[purse[0]], purse[1], held)


def _pay_nothing(scene: Scene, cast: Cast, purse: Purse, _held: int) -> None:
    pay_nothing(scene, cast.users[purse[0]], scene.pick(cast.users), purse[1])


def _pay_from_nowhere(scene: Scene, cast: Cast, purse: Purse, held: int) -> None:
    pay_from_nowhere(scene, cast.users[purse[0]], scene.pick(cast.users), purse[1], held)


_ACTS: tuple[tuple[Act, int], ...] = (
    (_pay_person, 100),
    (_pay_shop, 28),
    (_pay_processor, 16),
    (_deposit, 38),
    (_gamble, 3),
    (_swap, 6),
    (_pay_oneself, 2),
    (_pay_nothing, 2),
    (_pay_from_nowhere, 2),
)
