"""Names of wallets: of the best label, and of a list only where no other source names the wallet."""

from datetime import UTC, datetime

import pytest

from app.domain import ZERO_ADDRESS
from app.labels.names import named, names_of, wallet_names
from app.labels.readers import ofac, sanctions_xml, seizure_orders
from app.stores.postgres import Postgres
from tests.support.builders import CHAIN, address, transfer
from tests.support.record import ask, label, write


def name_of(postgres: Postgres, wallet: int) -> str | None:
    with postgres.transaction() as connection:
        return named(names_of(connection, [(CHAIN, address(wallet))]), CHAIN, address(wallet)).name


@pytest.mark.parametrize(
    "source", [ofac.SOURCE, sanctions_xml.UNITED_KINGDOM, sanctions_xml.EUROPEAN_UNION, seizure_orders.SOURCE]
)
def test_the_name_of_a_list_stands_back(postgres: Postgres, source: str) -> None:
    label(postgres, 1, "sanctioned", name="CYBER2 program", source=source, confidence=100)
    assert name_of(postgres, 1) == "CYBER2 program"
    label(postgres, 1, "mixer", name="An anonymous tip", source="somebody", confidence=10)
    assert name_of(postgres, 1) == "CYBER2 program"
    label(postgres, 1, None, name="Tornado Cash", source="a TagPack", confidence=60)
    assert name_of(postgres, 1) == "Tornado Cash"


def test_of_several_sources_the_surest_names(postgres: Postgres) -> None:
    label(postgres, 1, "exchange", name="blocklist", source="Blocklist", confidence=100)
    label(postgres, 1, "exchange", name="Hot wallet", source="b", confidence=80)
    label(postgres, 1, "exchange", name="Cold wallet", source="a", confidence=80)
    label(postgres, 1, None, name="Only a name", source="a", confidence=100)
    assert name_of(postgres, 1) == "Cold wallet"
    past, future = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    label(postgres, 1, "exchange", name="Once", source="a", confidence=100, valid_to=past)
    label(postgres, 1, "exchange", name="One day", source="a", confidence=100, valid_from=future)
    assert name_of(postgres, 1) == "Cold wallet"
    label(postgres, 2, "exchange", name="Once", source="a", confidence=100, valid_to=past)
    assert name_of(postgres, 2) == "Once"


def test_names_of_many_wallets_at_once(postgres: Postgres) -> None:
    write(postgres, [transfer(n, n, ZERO_ADDRESS, 5) for n in range(1, 40)])
    label(postgres, 7, "scam", name="Seven", source="a list")
    label(postgres, 7, "scam", name="Elsewhere", source="a list", chain="base", confidence=100)
    ids = ask(postgres, "SELECT array_agg(wallet_id) FROM wallets")
    seven = ask(postgres, "SELECT wallet_id FROM wallets WHERE address = :one", one=address(7))
    zero = ask(postgres, "SELECT wallet_id FROM wallets WHERE address = :one", one=ZERO_ADDRESS)
    with postgres.transaction() as connection:
        names = wallet_names(connection, ids)
        assert wallet_names(connection, []) == names_of(connection, []) == {}
    assert {wallet: each.name for wallet, each in names.items()} == {seven: "Seven", zero: "Null address"}
    assert (names[seven].source, names[seven].category, names[seven].confidence) == ("a list", "scam", 90)
