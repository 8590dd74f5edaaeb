"""Fan-out and fan-in: a sum is split over mules, and a collector gathers it again."""

from ingest.simulator.cast import Cast
from ingest.simulator.exchange import Account, deposit, mix_in
from ingest.simulator.loot import Loot
from ingest.simulator.scene import Scene, Script
from ingest.simulator.truth import expect, record_pattern


def fan(scene: Scene, cast: Cast, loot: Loot) -> Script:
    """Launders an amount from a labelled wallet through mules and a collector to an exchange."""
    origin, category, coin, units = loot.origin, loot.category, loot.coin, loot.units
    count, share = scene.form.mules, scene.form.share
    mules = [scene.wallet("laundering") for _ in range(count)]
    collector = scene.wallet("laundering")
    account = Account(scene.pick(cast.exchanges), scene.wallet("cash_out"))
    hashes = []
    for mule in mules:
        hashes.append(scene.pay(origin, mule, coin, units // count))
        mix_in(scene, account.exchange, mule, coin, units // count)
        yield scene.form.wait(300 + scene.below(1_200))
    yield scene.form.wait(10_000 + scene.below(30_000))
    for mule in mules:
        hashes.append(scene.pay(mule, collector, coin, coin.held[mule]))
        yield scene.form.wait(300 + scene.below(1_200))
    hashes.append(deposit(scene, account, collector, coin, coin.held[collector]))
    record_pattern(
        scene,
        "fan_out_fan_in",
        f"{category} wallet {origin} splits a sum over {count} mules; collector {collector} gathers it "
        "and cashes it out.",
        wallets={"origin": [origin], "laundering": [*mules, collector], "cash_out": [account.wallet]},
        hashes=hashes,
        expected=[
            *(expect(mule, "source", category, 1, coin, share=share) for mule in mules),
            expect(collector, "source", category, 2, coin, share=share),
            expect(account.wallet, "source", category, 3, coin, share=share),
            expect(collector, "destination", "exchange", 2, coin, share=1.0),
        ],
    )
