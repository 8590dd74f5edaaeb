"""Cycles: a sum circulates to look like trade, among new wallets and through a labelled casino."""

from ingest.simulator.cast import Cast
from ingest.simulator.exchange import Account, deposit, mix_in
from ingest.simulator.loot import Loot
from ingest.simulator.scene import Scene, Script
from ingest.simulator.truth import expect, record_pattern

ROUNDS = 2


def cycle(scene: Scene, cast: Cast, loot: Loot) -> Script:
    """Launders an amount from a labelled wallet through cycles, then cashes it out."""
    origin, category, coin, units = loot.origin, loot.category, loot.coin, loot.units
    ring = [scene.wallet("laundering") for _ in range(3)]
    first, second, _ = ring
    account = Account(scene.pick(cast.exchanges), scene.wallet("cash_out"))
    hashes = [scene.pay(origin, first, coin, units)]
    mix_in(scene, account.exchange, first, coin, units)
    yield scene.form.wait(3_600 + scene.below(3_600))
    for _ in range(ROUNDS):
        for sender, receiver in zip(ring, [*ring[1:], first], strict=True):
            # Not all of it: the rest mixes with what comes round again.
            hashes.append(scene.pay(sender, receiver, coin, scene.portion(coin.held[sender], 60, 90)))
            yield scene.form.wait(3_600 + scene.below(3_600))
    # A labelled wallet inside a cycle: first -> casino -> second -> first. Tracing stops at the casino.
    stake = scene.portion(coin.held[first], 30, 50)
    hashes.append(scene.pay(first, cast.casino, coin, stake))
    yield scene.form.wait(3_600 + scene.below(3_600))
    hashes.append(scene.pay(cast.casino, second, coin, scene.portion(stake, 90, 98)))
    yield scene.form.wait(3_600 + scene.below(3_600))
    hashes.append(scene.pay(second, first, coin, scene.portion(coin.held[second], 40, 60)))
    yield scene.form.wait(3_600 + scene.below(3_600))
    hashes.append(deposit(scene, account, first, coin, coin.held[first]))
    record_pattern(
        scene,
        "cycle",
        f"A sum of {category} wallet {origin} goes round three wallets {ROUNDS} times, then through the "
        f"casino {cast.casino}, and is cashed out by {first}.",
        wallets={
            "origin": [origin],
            "laundering": ring,
            "cash_out": [account.wallet],
            "labelled_inside": [cast.casino],
        },
        hashes=hashes,
        expected=[
            expect(first, "source", category, 1, coin),
            expect(second, "source", category, 2, coin),
            expect(first, "source", category, 4, coin),
            expect(second, "source", "gambling", 1, coin),
            expect(first, "source", "gambling", 2, coin),
            expect(first, "destination", "gambling", 1, coin),
        ],
    )
