"""A transfer worth a ten-millionth of a dollar is shown as such, and breaks no page of its wallets."""

from dataclasses import replace
from decimal import Decimal

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import transfer
from tests.support.record import score, write
from tests.support.run_story import ALICE, BOB
from tests.support.serving import served


def test_dust_is_shown_with_every_digit(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    dust = replace(transfer(1, ALICE, BOB, 5), usd_value=Decimal("0.0000001"))
    write(postgres, [dust])
    score(postgres)
    with served(settings, postgres, graph) as client:
        for path in (
            f"/wallets/{ALICE}",
            f"/wallets/{ALICE}/transfers",
            f"/transactions/{dust.transaction_hash}",
        ):
            page = client.get(path, headers={"Accept": "text/html"})
            assert (page.status_code, "0.0000001" in page.text) == (200, True), path
        (listed,) = client.get(f"/v1/wallets/{ALICE}/transfers").json()["transfers"]
        assert listed["usd_value"] == "0.0000001"
