"""A sanctioned wallet: people pay it, it pays brokers, and the brokers pay customers."""

from ingest.simulator.cast import Cast
from ingest.simulator.exchange import withdraw
from ingest.simulator.scene import Scene, Script
from ingest.simulator.truth import expect, record_pattern

PAYERS = 4
BROKERS = 3


def sanctions(scene: Scene, cast: Cast, number: int) -> Script:
    """Plays the dealings of one sanctioned wallet, in the stablecoin."""
    coin = scene.usd
    sanctioned = scene.wallet("sanctioned")
    scene.label(sanctioned, "sanctioned", f"Listed shipping agent {number}")
    payers = scene.sample(cast.users, PAYERS)
    brokers = [scene.wallet("sanctions_broker") for _ in range(BROKERS)]
    customers, hashes, expected = [], [], []
    for payer in payers:
        withdraw(scene, scene.pick(cast.exchanges), payer, coin, coin.units(5_000))
        yield 3_600 + scene.below(20_000)
        hashes.append(scene.pay(payer, sanctioned, coin, coin.units(1_000 + scene.below(2_000))))
        expected.append(expect(payer, "destination", "sanctioned", 1, coin))
        yield 3_600 + scene.below(20_000)
    for broker in brokers:
        # The broker's own business is clean: customers get mostly clean money, and some of the other.
        withdraw(scene, scene.pick(cast.exchanges), broker, coin, coin.units(20_000))
        hashes.append(scene.pay(sanctioned, broker, coin, coin.held[sanctioned] // BROKERS))
        expected.append(expect(broker, "source", "sanctioned", 1, coin))
        for customer in scene.sample(cast.users, 2):
            yield 3_600 + scene.below(20_000)
            customers.append(customer)
            hashes.append(scene.pay(broker, customer, coin, coin.units(500 + scene.below(1_500))))
            expected.append(expect(customer, "source", "sanctioned", 2, coin))
    record_pattern(
        scene,
        "sanctions",
        f"Sanctioned wallet {sanctioned} is paid by {PAYERS} people and pays {BROKERS} brokers.",
        wallets={"sanctioned": [sanctioned], "payers": payers, "brokers": brokers, "customers": customers},
        hashes=hashes,
        expected=expected,
    )
