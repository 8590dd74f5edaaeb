"""The whole story: a cast, a month of ordinary payments, and rounds of crime among them."""

from typing import Any

from app.errors import InvalidInput
from ingest.simulator.cast import Cast, make_cast
from ingest.simulator.form import USUAL, LaunderingForm
from ingest.simulator.market import market, settle
from ingest.simulator.mixing import mixing
from ingest.simulator.oddities import mint, shuttle
from ingest.simulator.sanctions import sanctions
from ingest.simulator.scam import scam
from ingest.simulator.scene import CHAIN, Scene
from ingest.simulator.story import Story
from ingest.simulator.theft import theft

TRANSFERS_A_ROUND = 20_000
"""One round of every crime for so many transfers, and at least one."""
ROUND_TRANSFERS, ROUND_WALLETS = 350, 110
"""At most, made by one round."""
SMALLEST_WALLETS, SMALLEST_TRANSFERS = 300, 1_500
SHUTTLES, SHUTTLE_ROUNDS = 3, 8


def simulate(
    seed: int, *, wallets: int = 2_000, transfers: int | None = 6_000, form: LaunderingForm = USUAL
) -> Story:
    """A story of about so many wallets and exactly so many transfers (None: three a wallet), by seed.

    `form` says how criminals launder. The three numbers and the form name the story: another one shares no
    transaction and no wallet with it but the zero address, so that any two of them can go into one record.

    Raises:
        InvalidInput: too few of either for one round of crime among ordinary life.
    """
    transfers = 3 * wallets if transfers is None else transfers
    if wallets < SMALLEST_WALLETS or transfers < SMALLEST_TRANSFERS:
        raise InvalidInput(
            f"A story needs at least {SMALLEST_WALLETS} wallets and {SMALLEST_TRANSFERS} transfers."
        )
    round_transfers = ROUND_TRANSFERS + form.more_transfers
    round_wallets = ROUND_WALLETS + form.more_wallets
    rounds = max(1, min(transfers // TRANSFERS_A_ROUND, wallets // (2 * round_wallets)))
    scene = Scene(f"{seed}/{wallets}/{transfers}", seed, days=max(30, transfers // 40_000), form=form)
    cast = make_cast(scene, wallets - rounds * round_wallets)
    gap_seconds = scene.end_seconds // transfers
    scene.start(0, market(scene, cast, transfers - rounds * round_transfers, gap_seconds))
    _start_sidelines(scene, cast)
    for number in range(1, rounds + 1):
        for crime in (scam(scene, cast, number), theft(scene, cast, number), sanctions(scene, cast, number)):
            scene.start(_within_first_half(scene), crime)
        scene.start(_within_first_half(scene), mixing(scene, cast))
    scene.play()
    # All crimes are over: ordinary payments go on until the number of transfers is reached.
    scene.start(0, market(scene, cast, transfers, gap_seconds))
    scene.play()
    return Story(scene.transfers[:transfers], scene.labels, _truth(scene, cast, seed))


def _start_sidelines(scene: Scene, cast: Cast) -> None:
    scene.start(0, mint(scene, cast))
    for number, wallet in enumerate([*cast.shops, *cast.processors]):
        scene.start(0, settle(scene, cast, wallet, number))
    for _ in range(SHUTTLES):
        scene.start(_within_first_half(scene), shuttle(scene, cast, SHUTTLE_ROUNDS))


def _within_first_half(scene: Scene) -> int:
    return scene.end_seconds // 50 + scene.below(scene.end_seconds // 2)


def _truth(scene: Scene, cast: Cast, seed: int) -> dict[str, Any]:
    roles: dict[str, list[str]] = {}
    for wallet, role in scene.roles.items():
        roles.setdefault(role, []).append(wallet)
    return {
        "seed": seed,
        "chain": CHAIN,
        "unlabelled_busy": cast.processors,
        "laundering_wallets": roles["laundering"],
        "cash_out_wallets": roles["cash_out"],
        "roles": roles,
        "shapes": scene.patterns,
        "sent_beyond_received": [
            {"wallet": wallet, "asset": asset, "amount": str(units)}
            for (wallet, asset), units in sorted(scene.sent_beyond_received.items())
        ],
    }
