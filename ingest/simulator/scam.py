"""A scam: victims pay a labelled wallet, and its takings are laundered in four patterns."""

from ingest.simulator.cast import Cast
from ingest.simulator.cycle import cycle
from ingest.simulator.exchange import withdraw
from ingest.simulator.fan import fan
from ingest.simulator.loot import Loot
from ingest.simulator.pass_through import pass_through
from ingest.simulator.peel_chain import peel_chain
from ingest.simulator.scene import Scene, Script
from ingest.simulator.truth import expect, format_amount, record_pattern

VICTIMS = 12


def scam(scene: Scene, cast: Cast, number: int) -> Script:
    """Plays one scam and starts the laundering of its takings."""
    coin = scene.eth
    scam_wallet = scene.wallet("scam")
    scene.label(scam_wallet, "scam", f"Double-your-coins giveaway {number}")
    victims = scene.sample(cast.users, VICTIMS)
    losses, hashes = [], []
    for victim in victims:
        withdraw(scene, scene.pick(cast.exchanges), victim, coin, coin.units(2 + scene.below(8)))
        yield 3_600 + scene.below(14_400)
        loss = scene.portion(coin.held[victim], 10, 40)
        hashes.append(scene.pay(victim, scam_wallet, coin, loss))
        losses.append(
            f"Victim {victim} lost {format_amount(coin, loss, 'ETH')} to scam wallet {scam_wallet}."
        )
        yield 3_600 + scene.below(14_400)
    taken = coin.held[scam_wallet]
    record_pattern(
        scene,
        "scam",
        f"Scam wallet {scam_wallet} took {format_amount(coin, taken, 'ETH')} from {VICTIMS} victims. "
        + " ".join(losses),
        wallets={"scam": [scam_wallet], "victims": victims},
        hashes=hashes,
        expected=[expect(victim, "destination", "scam", 1, coin) for victim in victims],
    )
    for hours, (pattern, percent) in enumerate(
        ((peel_chain, 30), (fan, 25), (cycle, 20), (pass_through, 25))
    ):
        loot = Loot(scam_wallet, "scam", coin, taken * percent // 100)
        scene.start(hours * 3_600, pattern(scene, cast, loot))
