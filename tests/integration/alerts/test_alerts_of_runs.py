"""Alerts on runs: made with the publication, joined while open, retrospective, changed by people."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Connection, Engine, event

from app.alerts.listing import AlertFilter, change_alert, list_alerts, read_alert_detail
from app.alerts.of_run import alert_on_run
from app.alerts.watched import Watch, unwatch_address, watch
from app.answers.alerts import Alert
from app.errors import InvalidInput, NotFound
from app.policy.policy import Policy, parse_policy
from app.runs.run import run_scoring
from app.stores.postgres import Postgres
from tests.support.builders import address, policy, transfer
from tests.support.record import ask, change, label, rows, write

THIEF, MIDDLE, SHOP, OTHER = map(address, range(11, 15))


def run(postgres: Postgres, by: Policy | None = None, *, fails: bool = False) -> None:
    def published(connection: Connection, run_id: int) -> None:
        alert_on_run(connection, run_id)
        if fails:
            raise RuntimeError("cut off")

    run_scoring(postgres, None, by or policy(), engine="ledger", published=published)


def watching(postgres: Postgres, *addresses: str) -> None:
    watches = [Watch("ethereum", each, "deposit 1", "customer 1", "test") for each in addresses]
    with postgres.transaction() as connection:
        watch(connection, watches)


def alerts(postgres: Postgres, **only: str) -> list[Alert]:
    with postgres.transaction() as connection:
        return list_alerts(connection, 100, None, AlertFilter(**only)).alerts[::-1]  # type: ignore[arg-type]


def chain_of_payments(postgres: Postgres) -> None:
    """The thief pays the middle, which pays the shop all of it."""
    write(
        postgres,
        [
            replace(transfer(10, THIEF, MIDDLE, 100), usd_value=Decimal(50_000)),
            replace(transfer(20, MIDDLE, SHOP, 100), usd_value=Decimal(50_000)),
        ],
    )


def test_a_label_two_hops_away_makes_retrospective_alerts_once(postgres: Postgres) -> None:
    chain_of_payments(postgres)
    watching(postgres, SHOP)
    run(postgres)
    assert alerts(postgres) == []
    label(postgres, THIEF, "stolen_funds")
    with pytest.raises(RuntimeError):
        run(postgres, fails=True)
    assert alerts(postgres) == [], "what was not published alerts nobody"
    run(postgres)
    first = alerts(postgres)
    assert {alert.rule for alert in first} == {"level_high", "level_rose"}
    assert all(alert.retrospective and alert.causes == 1 for alert in first)
    assert {(alert.reference, alert.customer_reference) for alert in first} == {("deposit 1", "customer 1")}
    run(postgres)
    assert alerts(postgres) == first, "the same again is nothing new"
    with postgres.transaction() as connection:
        detail = read_alert_detail(connection, first[0].alert_id)
    assert detail.evidence["risk_level"] == detail.risk_level == "high"
    assert detail.listed_causes[0].run_id == 3
    unwatched = "SELECT count(*) FROM alerts WHERE address <> :shop"
    assert ask(postgres, unwatched, shop=SHOP) == 0


def test_a_new_transfer_makes_alerts_that_are_not_retrospective_and_further_causes_join(
    postgres: Postgres,
) -> None:
    watching(postgres, SHOP)
    write(postgres, [transfer(5, OTHER, SHOP, 1)])
    label(postgres, THIEF, "sanctioned")
    run(postgres)
    large = replace(transfer(10, THIEF, SHOP, 100), usd_value=Decimal(200_000))
    write(postgres, [large], offset=10)
    run(postgres)
    found = {alert.rule: alert for alert in alerts(postgres)}
    assert {"level_high", "level_rose", "sanctions_contact", "large_transfer"} == found.keys()
    assert not any(alert.retrospective for alert in found.values())
    assert found["large_transfer"].usd_value == "200000.00"
    write(postgres, [replace(large, transaction_hash="0x" + "9" * 64, block_number=11)], offset=20)
    run(postgres)
    (joined,) = alerts(postgres, rule="large_transfer")
    assert (joined.causes, joined.usd_value) == (2, "400000.00")
    assert joined.last_seen_at > found["large_transfer"].last_seen_at
    assert len(alerts(postgres)) == 4


def test_people_review_close_and_open_again(postgres: Postgres) -> None:
    chain_of_payments(postgres)
    watching(postgres, SHOP)
    label(postgres, THIEF, "stolen_funds")
    run(postgres)
    alert = next(each for each in alerts(postgres) if each.rule == "level_high")
    with postgres.transaction() as connection:
        assert change_alert(connection, alert.alert_id, "in_review", None, "looking").status == "in_review"
        with pytest.raises(InvalidInput):
            change_alert(connection, alert.alert_id, "closed", None, None)
        with pytest.raises(NotFound):
            change_alert(connection, 999, "in_review", None, None)
        closed = change_alert(connection, alert.alert_id, "closed", "false_positive", None)
        assert (closed.outcome, closed.note, closed.closed_at is None) == ("false_positive", "looking", False)
        reopened = change_alert(connection, alert.alert_id, "open", None, None)
        assert (reopened.status, reopened.closed_at) == ("open", None)
        change_alert(connection, alert.alert_id, "closed", "confirmed", None)
        assert unwatch_address(connection, "ethereum", SHOP) == 1
    (still,) = alerts(postgres, rule="level_high")
    assert (still.status, still.reference) == ("closed", None)


def test_rules_on_any_wallet_need_no_watching(postgres: Postgres) -> None:
    text = policy().body.partition("\nalerts:")[0] + (
        "\nalerts:\n  - {name: thieves, sentence: Severe., when: {level_reached: severe}, wallets: any}\n"
    )
    by = parse_policy(text.encode(), "test")
    chain_of_payments(postgres)
    run(postgres, by)
    label(postgres, THIEF, "stolen_funds")
    run(postgres, by)
    run(postgres, by)
    found = alerts(postgres)
    assert {alert.wallet.address for alert in found} >= {THIEF}
    assert all(alert.retrospective and alert.causes == 1 for alert in found)


def test_many_alerts_of_any_wallets_take_few_statements(postgres: Postgres) -> None:
    """A sanctioned wallet pays 150 others; one of them is closed, loses its flag and gets it again."""
    text = policy().body.partition("\nalerts:")[0] + (
        "\nalerts:\n"
        "  - {name: contact, sentence: Contact., when: {flags_set: [sanctions_contact]}, wallets: any}\n"
        "  - {name: reached, sentence: High., when: {level_reached: high}, wallets: any}\n"
    )
    by = parse_policy(text.encode(), "test")
    write(postgres, [transfer(n + 1, THIEF, address(100 + n), 10**6) for n in range(150)])
    run(postgres, by)
    label(postgres, THIEF, "sanctioned", confidence=100)
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "alert" in statement:
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        run(postgres, by)
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert len(statements) < 20, len(statements)
    causes = rows(
        postgres, "SELECT count(*), count(DISTINCT address) FROM alert_causes WHERE rule = 'contact'"
    )
    assert causes == [(150, 150)]
    found = alerts(postgres, rule="contact")
    with postgres.transaction() as connection:
        detail = read_alert_detail(connection, found[0].alert_id)
    assert (detail.causes, detail.listed_causes[0].cause) == (1, "flag:sanctions_contact")
    assert "sanctions_contact" in detail.evidence["flags"]
    assert detail.evidence["reasons"]
    run(postgres, by)
    assert rows(postgres, "SELECT count(*) FROM alert_causes WHERE rule = 'contact'") == [(150,)]
    change(postgres, "UPDATE labels SET removed_at = clock_timestamp()")
    run(postgres, by)
    label(postgres, THIEF, "sanctioned", confidence=100, source="another list")
    run(postgres, by)
    again = rows(
        postgres, "SELECT count(*) FROM alert_causes WHERE cause LIKE 'flag:sanctions_contact:run:%'"
    )
    assert again == [(150,)]
    assert {alert.causes for alert in alerts(postgres, rule="contact")} == {2}
