"""Rapid pass-through: a sum crosses new wallets within minutes, each emptied at once, to a mixer."""

from ingest.simulator.cast import Cast
from ingest.simulator.exchange import mix_in
from ingest.simulator.loot import Loot
from ingest.simulator.scene import Scene, Script
from ingest.simulator.truth import expect, record_pattern

LENGTH = 3


def pass_through(scene: Scene, cast: Cast, loot: Loot) -> Script:
    """Launders an amount from a labelled wallet through wallets that hold it for a minute, into the mixer."""
    origin, category, coin, units = loot.origin, loot.category, loot.coin, loot.units
    wallets, share = [scene.wallet("laundering") for _ in range(LENGTH)], scene.form.share
    hashes = []
    for sender, receiver in zip([origin, *wallets], [*wallets, cast.mixer], strict=True):
        hashes.append(scene.pay(sender, receiver, coin, units))
        if sender == origin:
            units = mix_in(scene, cast.exchanges[0], receiver, coin, units)
        yield scene.form.wait(12 + scene.below(60))
    record_pattern(
        scene,
        "rapid_pass_through",
        f"A sum of {category} wallet {origin} crosses {LENGTH} wallets in minutes into mixer {cast.mixer}.",
        wallets={"origin": [origin], "laundering": wallets, "mixer": [cast.mixer]},
        hashes=hashes,
        expected=[
            *(expect(w, "source", category, n, coin, share=share) for n, w in enumerate(wallets, 1)),
            *(expect(w, "destination", "mixer", LENGTH - n, coin, share=1.0) for n, w in enumerate(wallets)),
        ],
    )
