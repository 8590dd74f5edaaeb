"""A mixer's customers: equal amounts in, equal amounts out to new wallets, and on to ordinary people."""

from ingest.simulator.cast import Cast
from ingest.simulator.exchange import withdraw
from ingest.simulator.scene import Scene, Script
from ingest.simulator.truth import expect, record_pattern

CUSTOMERS = 8


def mixing(scene: Scene, cast: Cast) -> Script:
    """Some people pay a note into the mixer; it pays as many new wallets, which spend a little."""
    coin, note = scene.eth, scene.eth.units(1)
    customers = scene.sample(cast.users, CUSTOMERS)
    new_wallets, hashes, expected = [], [], []
    for customer in customers:
        withdraw(scene, scene.pick(cast.exchanges), customer, coin, coin.units(4))
        yield 3_600 + scene.below(7_200)
        hashes.append(scene.pay(customer, cast.mixer, coin, note))
        expected.append(expect(customer, "destination", "mixer", 1, coin))
        yield 3_600 + scene.below(7_200)
    for _ in customers:
        wallet, friend = scene.wallet("mixer_customer"), scene.pick(cast.users)
        new_wallets.append(wallet)
        hashes.append(scene.pay(cast.mixer, wallet, coin, note))
        yield 3_600 + scene.below(7_200)
        hashes.append(scene.pay(wallet, friend, coin, note // 10))
        expected.append(expect(wallet, "source", "mixer", 1, coin, share=1.0))
        expected.append(expect(friend, "source", "mixer", 2, coin))
        yield 3_600 + scene.below(7_200)
    record_pattern(
        scene,
        "mixing",
        f"{CUSTOMERS} people pay notes of 1 ETH into mixer {cast.mixer}; {CUSTOMERS} new wallets are paid.",
        wallets={"mixer": [cast.mixer], "customers": customers, "mixer_customer": new_wallets},
        hashes=hashes,
        expected=expected,
    )
