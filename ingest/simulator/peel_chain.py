"""Peel chain: a sum moves through new wallets, and at each a small part is cashed out."""

from ingest.simulator.cast import Cast
from ingest.simulator.exchange import Account, deposit, mix_in
from ingest.simulator.loot import Loot
from ingest.simulator.scene import Scene, Script
from ingest.simulator.truth import expect, record_pattern

_TRACED_HOPS = 4


def peel_chain(scene: Scene, cast: Cast, loot: Loot) -> Script:
    """Launders an amount from a labelled wallet through a peel chain."""
    origin, category, coin, units = loot.origin, loot.category, loot.coin, loot.units
    exchange = scene.pick(cast.exchanges)
    sender, chain, cash_outs, hashes, expected = origin, [], [], [], []
    length, share = scene.form.peel_length, scene.form.share
    for hop in range(1, length + 1):
        wallet = scene.wallet("laundering")
        chain.append(wallet)
        hashes.append(scene.pay(sender, wallet, coin, units))
        if hop == 1:
            units = mix_in(scene, exchange, wallet, coin, units)
        yield scene.form.wait(1_200 + scene.below(5_000))
        peeled = scene.portion(units, 5, 12) if hop < length else units
        cash_out = scene.wallet("cash_out")
        cash_outs.append(cash_out)
        hashes.append(deposit(scene, Account(exchange, cash_out), wallet, coin, peeled))
        units -= peeled
        sender = wallet
        if hop <= _TRACED_HOPS:
            expected.append(expect(wallet, "source", category, hop, coin, share=share))
        if hop < _TRACED_HOPS:
            expected.append(expect(cash_out, "source", category, hop + 1, coin, share=share))
        yield scene.form.wait(1_200 + scene.below(5_000))
    record_pattern(
        scene,
        "peel_chain",
        f"From {category} wallet {origin} a sum walks through {length} new wallets; each peels a part off "
        "into a deposit wallet of an exchange.",
        wallets={"origin": [origin], "laundering": chain, "cash_out": cash_outs},
        hashes=hashes,
        expected=expected,
    )
