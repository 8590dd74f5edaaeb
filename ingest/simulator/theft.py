"""A theft: a bridge is drained of several assets in one transaction, and the thief launders them."""

from ingest.simulator.cast import Cast
from ingest.simulator.fan import fan
from ingest.simulator.loot import Loot
from ingest.simulator.pass_through import pass_through
from ingest.simulator.peel_chain import peel_chain
from ingest.simulator.scene import Scene, Script
from ingest.simulator.truth import expect, format_amount, record_pattern


def theft(scene: Scene, cast: Cast, number: int) -> Script:
    """Plays one theft and starts the laundering of the loot."""
    thief = scene.wallet("stolen_funds")
    scene.label(thief, "stolen_funds", f"Longbridge exploiter {number}")
    eth, usd = scene.eth, scene.usd
    ether, dollars = eth.units(300 + scene.below(200)), usd.units(400_000 + scene.below(200_000))
    stolen = scene.transact(((cast.bridge, thief, eth, ether), (cast.bridge, thief, usd, dollars)))
    record_pattern(
        scene,
        "theft",
        f"Thief {thief} took {format_amount(eth, ether, 'ETH')} and "
        f"{format_amount(usd, dollars, 'USD tokens')} from bridge {cast.bridge} in one transaction.",
        wallets={"stolen_funds": [thief], "robbed": [cast.bridge]},
        hashes=[stolen],
        expected=[expect(thief, "source", "service", 1, coin, share=1.0) for coin in (eth, usd)],
    )
    for coin, units, pattern in (
        (eth, ether // 2, pass_through),
        (eth, ether - ether // 2, peel_chain),
        (usd, dollars, fan),
    ):
        yield 3_600 + scene.below(20_000)
        scene.start(0, pattern(scene, cast, Loot(thief, "stolen_funds", coin, units)))
