"""The wallets of a story: exchanges, services, shops, and ordinary people with their deposit wallets."""

from dataclasses import dataclass

from ingest.simulator.exchange import Account, Exchange, open_exchange
from ingest.simulator.scene import Scene

USERS_A_DEPOSIT_WALLET = 5
USERS_A_SHOP = 60
MOST_SHOPS = 200
USERS_A_PROCESSOR = 5_000


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who exists when the story begins; criminals appear later."""

    exchanges: list[Exchange]
    users: list[str]
    accounts: list[Account]
    shops: list[str]
    processors: list[str]
    mixer: str
    casino: str
    swap: str
    bridge: str
    issuer: str

    def account(self, wallet_number: int) -> Account:
        """The deposit account that the user, shop or processor of a number pays into."""
        return self.accounts[wallet_number % len(self.accounts)]


def make_cast(scene: Scene, wallets: int) -> Cast:
    """A cast of about so many wallets in total."""
    exchanges = [open_exchange(scene, name) for name in ("Northbank", "Coinharbour", "Tidewater")]
    # Of the remaining wallets so many are people's own; the others are deposit wallets and shops.
    users = wallets * 100 // (100 + 100 // USERS_A_DEPOSIT_WALLET + 100 // USERS_A_SHOP)
    return Cast(
        exchanges=exchanges,
        users=[scene.wallet() for _ in range(users)],
        accounts=[
            Account(scene.pick(exchanges), scene.wallet()) for _ in range(users // USERS_A_DEPOSIT_WALLET)
        ],
        shops=[scene.wallet() for _ in range(min(users // USERS_A_SHOP + 1, MOST_SHOPS))],
        processors=[scene.wallet("unlabelled_busy") for _ in range(users // USERS_A_PROCESSOR + 1)],
        mixer=_labelled(scene, "mixer", "Whirlpool: mixer"),
        casino=_labelled(scene, "gambling", "Lucky Seven: casino"),
        swap=_labelled(scene, "service", "Swapyard: pool"),
        bridge=_labelled(scene, "service", "Longbridge: bridge"),
        issuer=scene.wallet("token_issuer"),
    )


def _labelled(scene: Scene, category: str, name: str) -> str:
    address = scene.wallet(category)
    scene.label(address, category, name)
    return address
