"""Prices in runs: both engines use them, verification and differences know them, evidence repeats them."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from app.assets.store import AssetRow, import_assets, remove_assets
from app.explain.explain import explain
from app.operations.unused_prices import unused_prices
from app.prices.store import PriceRow, import_prices, price_sources, remove_prices
from app.projection.pending import project_all_pending
from app.runs.compute import EngineChoice
from app.runs.results.prune import Kept, prune
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.diff_lists import run_diff, wallet_diff
from app.verify.verify import verify_run
from tests.support.builders import START, address, transfer
from tests.support.record import ask, change, ignore, label, rows, score, write

TOKEN = "0x" + "e1" * 20
ETHER = 10**18
DAY = START.date()
MIXER, WALLET, OTHER = 1, 2, 3


def price(asset: str, usd: str, source: str = "a list", day: date = DAY, chain: str = "ethereum") -> PriceRow:
    return PriceRow(chain, asset, day, Decimal(usd), source)


def ether(n: int, sender: int, receiver: int, units: int, usd: str | None):  # noqa: ANN201
    return transfer(n, sender, receiver, units * ETHER, usd_value=None if usd is None else Decimal(usd))


def usd(postgres: Postgres, run_id: int, wallet: int) -> tuple[float, float]:
    found = rows(
        postgres,
        "SELECT usd_received, usd_sent FROM risk_scores JOIN wallets USING (wallet_id)"
        " WHERE address = :address AND is_of_run(run_id, until_run_id, :run)",
        address=address(wallet),
        run=run_id,
    )
    return found[0][0], found[0][1]


def record(postgres: Postgres) -> None:
    """Three good values, one of five wei for a hundred billion, and two transfers without a value."""
    label(postgres, MIXER, "mixer")
    wei = transfer(40, MIXER, WALLET, 5, usd_value=Decimal(10**11))
    write(
        postgres,
        [
            ether(10, MIXER, WALLET, 1, "2000"),
            ether(20, MIXER, WALLET, 2, "4100"),
            ether(30, WALLET, OTHER, 1, "2050"),
            wei,
            ether(50, MIXER, WALLET, 3, None),
            transfer(60, MIXER, OTHER, 7_500_000, asset=TOKEN, decimals=None, usd_value=None),
        ],
    )


@pytest.mark.parametrize("engine", ["ledger", "cypher"])
def test_a_wrong_value_is_not_used_and_prices_fill_what_has_none(
    postgres: Postgres, graph: Graph, settings: Settings, engine: EngineChoice
) -> None:
    record(postgres)
    project_all_pending(postgres, graph)
    first = score(postgres, graph, engine)
    assert usd(postgres, first, WALLET) == (6_100.0, 2_050.0)
    with postgres.transaction() as connection:
        page = unused_prices(connection, None, 10, None)
    assert [(each.transaction_hash, each.source, each.median) for each in page.prices] == [
        (f"0x{40:064x}", None, "2050")
    ]
    assert float(page.prices[0].price) == pytest.approx(2e28)
    assert page.total == 1

    far = price("ETH", "21000", "a wrong list")
    import_prices(
        postgres, [price("ETH", "2100.5"), far, price(TOKEN, "0.99"), price("ETH", "1", day=date(1990, 1, 1))]
    )
    second = score(postgres, graph, engine)
    filled = Fraction("2100.5") * 3 + Fraction("2100.5") * 5 / ETHER
    assert usd(postgres, second, WALLET) == (float(6_100 + filled), 2_050.0)
    assert usd(postgres, second, OTHER)[0] == 2_050.0  # nobody says the token's decimals
    with postgres.transaction() as connection:
        page = unused_prices(connection, second, 10, None)
    assert [each.source for each in page.prices] == [None, "a wrong list"]

    import_assets(postgres, [AssetRow("ethereum", TOKEN, "a registry", "TKN", "Token", 6, True)])
    third = score(postgres, graph, engine)
    assert usd(postgres, third, OTHER)[0] == 2_050.0 + 7.425
    found = ask(
        postgres,
        "SELECT (unused_values, imported_values)::text FROM scoring_runs WHERE run_id = :run",
        run=third,
    )
    assert found == "(2,3)"
    for run_id in (first, second, third):
        verification = verify_run(postgres, run_id, ignore)
        assert verification.equal, verification.differences
        said = any("Prices or the registry" in note for note in verification.notes)
        assert said == (run_id != third)

    explanation = explain(postgres, graph, settings, address(WALLET))
    assert explanation.not_listed is not None
    assert explanation.not_listed.share == pytest.approx(0, abs=1e-9)
    assert sum(
        path.weighted_share for path in explanation.paths if path.direction == "source"
    ) == pytest.approx(1)
    values = (
        {each.transaction_hash: each.usd_value for each in explanation.rule_evidence[0].transfers}
        if explanation.rule_evidence
        else {}
    )
    assert values.get(f"0x{50:064x}", "6301.50") == "6301.50"


def test_a_difference_by_prices_is_one_of_prices(postgres: Postgres) -> None:
    label(postgres, MIXER, "mixer")
    write(
        postgres,
        [
            ether(10, 9, WALLET, 5, "10000"),
            transfer(20, MIXER, WALLET, 50, asset="USDX", usd_value=None, decimals=0),
        ],
    )
    before = score(postgres)
    import_prices(postgres, [price("USDX", "1000")])
    after = score(postgres)
    diff = run_diff(postgres, before, after, 10, None)
    assert diff.changed > 0
    for each in diff.changes:
        assert each.parts.by_prices == each.change
        assert {
            each.parts.by_transfers,
            each.parts.by_labels,
            each.parts.by_policy,
            each.parts.by_engine,
        } == {"0.000000"}
    one = wallet_diff(postgres, before, after, address(WALLET))
    assert one.score_change.parts.by_prices == one.score_change.change != "0.000000"


def test_prices_that_were_changed_behind_the_back_are_found(postgres: Postgres) -> None:
    write(postgres, [ether(10, 9, WALLET, 5, None)])
    import_prices(postgres, [price("ETH", "1000")])
    run_id = score(postgres)
    assert verify_run(postgres, run_id, ignore).equal
    change(postgres, "UPDATE prices SET price = 1001")
    verification = verify_run(postgres, run_id, ignore)
    assert {each.what for each in verification.differences} >= {"prices"}
    change(postgres, "UPDATE prices SET price = 1000")
    assert verify_run(postgres, run_id, ignore).equal
    change(postgres, "UPDATE scoring_runs SET imported_values = 9")
    assert [each.what for each in verify_run(postgres, run_id, ignore).differences] == [
        "count of imported values"
    ]


def test_importing_again_correcting_replacing_and_removing(postgres: Postgres) -> None:
    given = [price("ETH", "1000"), price("ETH", "1001", day=date(2024, 1, 2)), price("ETH", "999", "other")]
    report = import_prices(postgres, given)
    assert (report.added, report.unchanged, report.updated, report.removed) == (3, 0, 0, 0)
    again = import_prices(postgres, [price("ETH", "1000.000"), *given[1:]])
    assert (again.added, again.unchanged, again.updated) == (0, 3, 0)
    corrected = import_prices(postgres, [price("ETH", "1002")], replace=True)
    assert (corrected.added, corrected.updated, corrected.removed) == (0, 1, 1)
    with postgres.transaction() as connection:
        assert [(each.source, each.prices) for each in price_sources(connection)] == [
            ("a list", 1),
            ("other", 1),
        ]
    assert remove_prices(postgres, "a list") == 1
    assert remove_prices(postgres, "a list") == 0
    assert ask(postgres, "SELECT count(*) FROM prices") == 4  # nothing is deleted


def test_pruning_deletes_what_was_kept_of_prices(postgres: Postgres) -> None:
    record(postgres)
    import_prices(postgres, [price("ETH", "2100.5")])
    first, second = score(postgres), score(postgres)
    change(
        postgres,
        "UPDATE scoring_runs SET completed_at = :then",
        rows=2,
        then=datetime(2020, 1, 1, tzinfo=START.tzinfo),
    )
    prune(postgres, Kept(1, 1, monthly=False), ignore)
    for table in ("used_prices", "unused_prices"):
        assert rows(postgres, f"SELECT DISTINCT run_id FROM {table}") == [(second,)]  # noqa: S608
    assert verify_run(postgres, first, ignore).equal


def test_a_registered_contract_is_known_and_a_named_one_is_not(postgres: Postgres) -> None:
    label(postgres, MIXER, "scam")
    write(
        postgres,
        [transfer(10, MIXER, WALLET, 5, asset=TOKEN, usd_value=None), ether(20, 9, WALLET, 5, "100")],
    )
    entry = AssetRow("ethereum", TOKEN, "a crawler", "TKN", "Token", 6, False)

    def flags(run_id: int) -> list[str]:
        return ask(
            postgres,
            "SELECT flags FROM risk_scores JOIN wallets USING (wallet_id) WHERE address = :one"
            " AND is_of_run(run_id, until_run_id, :run)",
            one=address(WALLET),
            run=run_id,
        )

    assert "unregistered_asset" in flags(score(postgres))
    import_assets(postgres, [entry])
    assert "unregistered_asset" in flags(score(postgres))
    import_assets(postgres, [AssetRow("ethereum", TOKEN, "a list", "TKN", "Token", 6, True)])
    known = score(postgres)
    assert "unregistered_asset" not in flags(known)
    assert remove_assets(postgres, "a list") == 1
    assert "unregistered_asset" in flags(score(postgres))
    assert verify_run(postgres, known, ignore).equal
