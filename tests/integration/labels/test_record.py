"""Labels in the record: imports that repeat, change and remove; which label speaks for a wallet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import text

from app.domain import ZERO_ADDRESS
from app.errors import InvalidInput
from app.labels.effective import EffectiveLabel, effective_labels
from app.labels.store import ImportReport, LabelRow, import_labels, remove_labels
from app.policy.label_rules import LabelRules
from app.stores.postgres import Postgres
from tests.support.builders import label_row

CATEGORIES = ("mixer", "scam", "service", "mint_burn")
SEVERITIES = {"mixer": 70.0, "scam": 75.0, "service": 0.0, "mint_burn": 0.0}
GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
MIXER = label_row("0x01", name="A mixer", source="list", origin="Line 2")


def effective(postgres: Postgres, as_of: datetime | None = None) -> list[EffectiveLabel]:
    with postgres.transaction() as connection:
        now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return effective_labels(connection, as_of=as_of or now, rules=LabelRules(SEVERITIES))


def spoken(postgres: Postgres, *rows: LabelRow) -> list[tuple[str | None, str]]:
    import_labels(postgres, rows, CATEGORIES)
    return [(label.category, label.name) for label in effective(postgres)]


def see_wallets(postgres: Postgres, addresses: Sequence[str], chain: str = "ethereum") -> None:
    with postgres.transaction() as connection:
        for address in addresses:
            connection.execute(
                text("INSERT INTO wallets (chain, address, batch_id) VALUES (:chain, :address, 1)"),
                {"chain": chain, "address": address},
            )


def test_importing_again_changes_nothing(postgres: Postgres) -> None:
    rows = [MIXER, replace(MIXER, category=None, name="A name")]
    assert import_labels(postgres, rows, CATEGORIES) == ImportReport(2, 0, 0)
    before = effective(postgres)
    assert import_labels(postgres, [*rows, MIXER], CATEGORIES) == ImportReport(0, 2, 0)
    assert effective(postgres) == before


def test_a_changed_label_is_closed_and_the_old_one_still_speaks_for_its_time(postgres: Postgres) -> None:
    import_labels(postgres, [MIXER], CATEGORIES)
    with postgres.transaction() as connection:
        between = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    changed = replace(MIXER, confidence=10, valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    assert import_labels(postgres, [changed], CATEGORIES) == ImportReport(0, 0, 1)
    assert [label.confidence for label in effective(postgres)] == [10]
    assert [label.confidence for label in effective(postgres, between)] == [90]
    with postgres.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM labels")).scalar_one() == 2


def test_removal_is_recorded_and_the_label_can_come_back(postgres: Postgres) -> None:
    first, second = "0x" + "0a" * 20, "0x" + "0b" * 20
    one = replace(MIXER, address=first)
    rows = [
        one,
        replace(one, chain="polygon"),
        replace(one, address=second),
        replace(one, chain="bitcoin", address=GENESIS),
        replace(one, source="another"),
    ]
    import_labels(postgres, rows, CATEGORIES)
    assert remove_labels(postgres, source="list", wallet=f"polygon:{first}") == 1
    assert remove_labels(postgres, source="list", wallet=first.upper().replace("X", "x")) == 1
    assert remove_labels(postgres, wallet=GENESIS) == 1
    assert remove_labels(postgres, source="list") == 1
    assert [label.source for label in effective(postgres)] == ["another"]
    assert import_labels(postgres, [one], CATEGORIES) == ImportReport(1, 0, 0)


@pytest.mark.parametrize("wallet", ["0x01", "moon:0x01", "ethereum:0x01", ""])
def test_what_is_no_address_removes_nothing(postgres: Postgres, wallet: str) -> None:
    import_labels(postgres, [MIXER], CATEGORIES)
    with pytest.raises(InvalidInput, match="address"):
        remove_labels(postgres, source="list", wallet=wallet)
    assert len(effective(postgres)) == 1


def test_replacing_a_source_removes_what_it_no_longer_says_and_nothing_of_others(postgres: Postgres) -> None:
    rows = [MIXER, replace(MIXER, address="0x02"), replace(MIXER, source="another", address="0x03")]
    import_labels(postgres, rows, CATEGORIES)
    newer = [replace(MIXER, confidence=10), replace(MIXER, address="0x04")]
    replaced = import_labels(postgres, newer, CATEGORIES, replace=True, allow_shrink=True)
    assert replaced == ImportReport(1, 0, 1, 1)
    assert [label.address for label in effective(postgres)] == ["0x01", "0x03", "0x04"]
    assert import_labels(postgres, newer, CATEGORIES, replace=True) == ImportReport(0, 2, 0, 0)
    renamed = [replace(label, name="Another name", category=None) for label in newer]
    replaced = import_labels(postgres, renamed, CATEGORIES, replace=True, allow_shrink=True)
    assert replaced == ImportReport(2, 0, 0, 2)


def test_nothing_replaces_nothing(postgres: Postgres) -> None:
    import_labels(postgres, [MIXER], CATEGORIES)
    with pytest.raises(InvalidInput, match="which source to replace"):
        import_labels(postgres, [], CATEGORIES, replace=True)
    assert len(effective(postgres)) == 1


def test_the_longest_texts_fit_the_record(postgres: Postgres) -> None:
    rng = Random(1)
    text_ = "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=500))
    assert import_labels(postgres, [replace(MIXER, name=text_, source=text_[::-1])], CATEGORIES).added == 1


def test_an_unknown_category_is_refused_with_its_line_and_the_known_ones(postgres: Postgres) -> None:
    with pytest.raises(InvalidInput, match=r"Line 7: the policy has no category tax\..*mixer, scam, service"):
        import_labels(postgres, [MIXER, replace(MIXER, category="tax", origin="Line 7")], CATEGORIES)
    assert effective(postgres) == []


def test_one_label_twice_with_different_values_is_refused(postgres: Postgres) -> None:
    with pytest.raises(InvalidInput, match="Line 3: Line 2 has this label with another"):
        import_labels(postgres, [MIXER, replace(MIXER, confidence=1, origin="Line 3")], CATEGORIES)


def test_the_label_that_speaks_is_chosen_by_what_it_says(postgres: Postgres) -> None:
    named = replace(MIXER, category=None, name="0 a name", confidence=100)
    assert spoken(postgres, named) == [(None, "0 a name")]
    assert spoken(postgres, replace(MIXER, category="service", confidence=100)) == [("service", "A mixer")]
    assert spoken(postgres, MIXER) == [("mixer", "A mixer")]
    assert spoken(postgres, replace(MIXER, category="scam", confidence=1)) == [("scam", "A mixer")]
    assert spoken(postgres, replace(MIXER, category="scam", name="Z", confidence=2)) == [("scam", "Z")]
    assert spoken(postgres, replace(MIXER, category="scam", name="Y", source="a", confidence=2)) == [
        ("scam", "Y")
    ]
    assert spoken(postgres, replace(MIXER, category="scam", name="B", source="a", confidence=2)) == [
        ("scam", "B")
    ]


def test_a_label_counts_only_while_it_is_valid(postgres: Postgres) -> None:
    start = datetime.now(UTC) + timedelta(days=1)
    end = start + timedelta(days=1)
    import_labels(postgres, [replace(MIXER, valid_from=start, valid_to=end)], CATEGORIES)
    found = [
        len(effective(postgres, moment))
        for moment in (start - timedelta(microseconds=1), start, end - timedelta(microseconds=1), end)
    ]
    assert found == [0, 1, 1, 0]


def test_the_zero_address_mints_and_burns_unless_a_label_with_a_category_says_otherwise(
    postgres: Postgres,
) -> None:
    see_wallets(postgres, [ZERO_ADDRESS, "0x01"])
    see_wallets(postgres, [ZERO_ADDRESS], chain="polygon")
    naming = replace(MIXER, address=ZERO_ADDRESS, category=None, name="0x0")
    import_labels(postgres, [naming, replace(naming, chain="polygon", category="service")], CATEGORIES)
    found = {label.chain: (label.category, label.source) for label in effective(postgres)}
    assert found == {"ethereum": ("mint_burn", "built-in"), "polygon": ("service", "list")}


def test_a_label_names_its_wallet_once_a_transfer_has(postgres: Postgres) -> None:
    import_labels(postgres, [MIXER, replace(MIXER, address="0x02")], CATEGORIES)
    see_wallets(postgres, ["0x02"])
    assert [label.wallet_id is None for label in effective(postgres)] == [True, False]
    with postgres.transaction() as connection:
        chosen = effective_labels(
            connection, as_of=datetime.now(UTC), rules=LabelRules(SEVERITIES), addresses=["0x02"]
        )
    assert [label.address for label in chosen] == ["0x02"]
