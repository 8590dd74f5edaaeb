"""Screenings use the values that the run uses: imported prices, none that is far from its median."""

from decimal import Decimal

import pytest

from app.assets.store import AssetRow, import_assets
from app.prices.store import PriceRow, import_prices
from app.projection.pending import project_all_pending
from app.screening.screen import Screener
from app.screening.subjects import TransferSubject, WalletSubject
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import START, address, transfer
from tests.support.record import label, score, write

ETHER = 10**18
TOKEN = "0x" + "e1" * 20
MIXER, WALLET, OTHER = 1, 2, 3


@pytest.fixture
def screener(settings: Settings, postgres: Postgres, graph: Graph) -> Screener:
    """The mixer pays a wallet four times: twice with a value, once with a wrong one, once without."""
    label(postgres, MIXER, "mixer")
    sent = [
        transfer(10, MIXER, WALLET, ETHER, usd_value=Decimal(2_000)),
        transfer(20, MIXER, WALLET, 2 * ETHER, usd_value=Decimal(4_100)),
        transfer(30, WALLET, OTHER, ETHER, usd_value=Decimal(2_050)),
        transfer(40, MIXER, WALLET, 5, usd_value=Decimal(10**11)),
        transfer(50, MIXER, WALLET, 3 * ETHER, usd_value=None),
        transfer(60, MIXER, OTHER, 7_500_000, asset=TOKEN, decimals=None, usd_value=None),
    ]
    write(postgres, sent)
    project_all_pending(postgres, graph)
    day = START.date()
    import_prices(postgres, [PriceRow("ethereum", "ETH", day, Decimal("2100.5"), "a list")])
    import_prices(postgres, [PriceRow("ethereum", TOKEN, day, Decimal("0.992"), "a list")])
    import_assets(postgres, [AssetRow("ethereum", TOKEN, "a registry", "TKN", "Token", 6, True)])
    score(postgres, graph)
    return Screener(postgres, graph, settings)


@pytest.mark.parametrize("wallet", [WALLET, OTHER])
def test_paths_and_the_ledger_say_what_the_run_says(screener: Screener, wallet: int) -> None:
    subject = WalletSubject(type="wallet", address=address(wallet), chain="ethereum")
    run, paths, ledger = (
        screener.screen([subject], source=source)[0] for source in ("run", "paths", "ledger")
    )
    for other in (paths, ledger):
        assert other.status == "complete", other.detail
        mine, theirs = run.wallets[0].wallet_score, other.wallets[0].wallet_score
        assert (theirs.usd_received, theirs.usd_sent) == (mine.usd_received, mine.usd_sent)
        assert (theirs.risk_level, theirs.flags, theirs.rules) == (mine.risk_level, mine.flags, mine.rules)
        assert [(one.category, one.direct_usd) for one in theirs.amounts] == [
            (one.category, one.direct_usd) for one in mine.amounts
        ]
        assert theirs.score is not None
        assert mine.score is not None
        assert abs(Decimal(theirs.score) - Decimal(mine.score)) <= Decimal("0.000001")
    assert screener.verify(paths.screening_id).equal


@pytest.mark.parametrize(("block", "usd"), [(40, "0.00"), (50, "6301.50")])
def test_a_deposit_is_worth_what_the_run_says(screener: Screener, block: int, usd: str) -> None:
    subject = TransferSubject(
        type="transfer",
        chain="ethereum",
        transaction_hash=transfer(block, MIXER, WALLET, 1).transaction_hash,
        transfer_index=0,
    )
    (deposit,) = screener.screen([subject])
    assert deposit.status == "complete", deposit.detail
    assert deposit.transfer is not None
    assert deposit.transfer.usd_value == usd
    assert [one.direct_usd for one in deposit.amounts if one.category == "mixer"] == [usd]
