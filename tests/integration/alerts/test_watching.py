"""Watched wallets over a real worker: screened again, alerted once, told by one signed call."""

from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.alerts.listing import AlertFilter, list_alerts, read_alert_detail
from app.alerts.rescreen import screen_due
from app.alerts.watched import Watch, every_watched, watch
from app.alerts.watched_csv import read_watches, write_watches
from app.alerts.webhooks.endpoints import add_endpoint
from app.alerts.webhooks.messages import deliveries, send_again
from app.answers.alerts import Alert
from app.errors import InvalidInput, UnknownAddress
from app.projection.pending import project_all_pending
from app.screening.screen import Screener
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, policy, transfer
from tests.support.commands import free_port
from tests.support.ingesting import wait_until
from tests.support.jobs.receiver import receiving_calls
from tests.support.jobs.working import working
from tests.support.record import ask, change, label, rows, score, write

THIEF, MIDDLE, SHOP = map(address, range(11, 14))
ONE_RULE = "\nalerts:\n  - {name: rose, sentence: It rose., when: {level_rose_to: medium}}\n"
LOCAL = frozenset({"127.0.0.1"})


def chain_of_payments(postgres: Postgres) -> None:
    pay = (transfer(10, THIEF, MIDDLE, 100), transfer(20, MIDDLE, SHOP, 100))
    write(postgres, [replace(each, usd_value=Decimal(50_000)) for each in pay])


def watching(postgres: Postgres, *addresses: str) -> None:
    with postgres.transaction() as connection:
        watch(connection, [Watch("ethereum", each, "deposit 1", "customer 1", "test") for each in addresses])


def alerts(postgres: Postgres) -> list[Alert]:
    with postgres.transaction() as connection:
        return list_alerts(connection, 100, None, AlertFilter()).alerts


@pytest.fixture
def one_rule(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(policy().body.partition("\nalerts:")[0] + ONE_RULE)
    return file


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("is_away", [False, True])
def test_a_label_two_hops_behind_gives_one_alert_and_one_signed_call(
    settings: Settings, postgres: Postgres, tmp_path: Path, one_rule: Path, *, is_away: bool
) -> None:
    chain_of_payments(postgres)
    watching(postgres, SHOP)
    with ExitStack() as listening:
        receiver = listening.enter_context(receiving_calls())
        with postgres.transaction() as connection:
            endpoint = add_endpoint(connection, receiver.url, "", LOCAL)
        worker = working(
            settings,
            tmp_path / "worker.log",
            policy_file=str(one_rule),
            run_after_changes_minutes="0.01",
            run_every_minutes="0.01",
            webhook_allowed_hosts="127.0.0.1",
            worker_metrics_port=str(free_port()),
        )
        with worker:
            # A screening before the first run has seen no batch: what it did not know is no later knowledge.
            judged = "SELECT count(*) FROM watched_wallets WHERE watermark > 0"
            wait_until(lambda: ask(postgres, judged) == 1)
            assert alerts(postgres) == []
            if is_away:
                listening.close()
            label(postgres, THIEF, "stolen_funds")
            wait_until(lambda: ask(postgres, "SELECT count(*) FROM webhook_attempts") > 0)
            if is_away:
                change(
                    postgres,
                    "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - interval '1 hour'",
                    None,
                )
                listening.enter_context(receiving_calls(receiver))
            wait_until(lambda: len(receiver.calls) == 1)
            wait_until(lambda: ask(postgres, "SELECT status FROM webhook_deliveries") == "delivered")
            (told,) = receiver.verified(endpoint.secret)
            with postgres.transaction() as connection:
                (delivery,) = deliveries(connection, endpoint.endpoint_id, 10, None).deliveries
                send_again(connection, delivery.delivery_id)
            wait_until(lambda: len(receiver.calls) == 2)
            assert len(set(receiver.ids())) == 1
            screened = "SELECT count(*) FROM screenings WHERE cause = 'run'"
            wait_until(lambda: ask(postgres, screened) > 0)
    (alert,) = alerts(postgres)
    assert (alert.retrospective, alert.causes, alert.wallet.address) == (True, 1, SHOP)
    assert told["type"] == "alert.opened"
    assert told["data"]["alert_id"] == alert.alert_id
    assert told["data"]["customer_reference"] == "customer 1"


def test_transfers_labels_and_runs_screen_again_and_alert_once(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    write(postgres, [transfer(5, MIDDLE, SHOP, 1), transfer(6, THIEF, MIDDLE, 1)])
    label(postgres, THIEF, "sanctioned")
    project_all_pending(postgres, graph)
    score(postgres, graph)
    watching(postgres, SHOP)
    screener = Screener(postgres, graph, settings)

    def screen() -> int:
        return screen_due(postgres, screener, settings)

    assert (screen(), screen()) == (1, 0)
    assert alerts(postgres) == []
    write(postgres, [replace(transfer(10, THIEF, SHOP, 100), usd_value=Decimal(200_000))], offset=10)
    project_all_pending(postgres, graph)
    assert (screen(), screen()) == (1, 0)
    found = {alert.rule: alert for alert in alerts(postgres)}
    statuses = rows(postgres, "SELECT cause, status, risk_level, flags, answer->>'detail' FROM screenings")
    assert found.keys() >= {"level_high"}, statuses
    assert {"level_high", "level_rose", "sanctions_contact", "large_transfer"} == found.keys()
    assert not any(alert.retrospective for alert in found.values())
    with postgres.transaction() as connection:
        (cause,) = read_alert_detail(connection, found["large_transfer"].alert_id).listed_causes
    assert cause.screening_id is not None
    score(postgres, graph)
    assert (screen(), screen()) == (1, 0)
    label(postgres, SHOP, "scam")
    assert (screen(), screen()) == (1, 0)
    change(postgres, "UPDATE watched_wallets SET screened_at = screened_at - interval '25 hours'")
    assert screen() == 1
    causes = rows(postgres, "SELECT cause FROM screenings ORDER BY screening_id")
    assert [cause for (cause,) in causes[:4]] == ["request", "transfer", "run", "labels"]
    assert {alert.rule: alert.causes for alert in alerts(postgres)}["large_transfer"] == 1


def test_an_address_that_never_moved_is_watched_too(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    watching(postgres, THIEF)
    screener = Screener(postgres, graph, settings)
    assert screen_due(postgres, screener, settings) == 1
    label(postgres, THIEF, "sanctioned")
    assert screen_due(postgres, screener, settings) == 1
    assert "level_high" in {alert.rule for alert in alerts(postgres)}


def test_a_clock_that_is_set_back_screens_nobody_for_ever(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    write(postgres, [transfer(5, THIEF, SHOP, 1)])
    project_all_pending(postgres, graph)
    label(postgres, SHOP, "exchange")
    score(postgres, graph)
    watching(postgres, SHOP)
    screener = Screener(postgres, graph, settings)
    assert screen_due(postgres, screener, settings) == 1
    change(postgres, "UPDATE watched_wallets SET screened_at = screened_at - interval '1 hour'")
    for later in ("labels SET recorded_at = recorded_at", "published_run SET published_at = published_at"):
        change(postgres, f"UPDATE {later} + interval '2 hours'")
    assert screen_due(postgres, screener, settings) == 0
    for now in ("labels SET recorded_at = recorded_at", "published_run SET published_at = published_at"):
        change(postgres, f"UPDATE {now} - interval '2 hours 1 minute'")
    assert screen_due(postgres, screener, settings) == 1
    assert screen_due(postgres, screener, settings) == 0


def test_watched_wallets_go_through_csv(postgres: Postgres, tmp_path: Path) -> None:
    given = tmp_path / "given.csv"
    given.write_text(
        f"chain,address,reference,customer_reference\nethereum,{SHOP.upper().replace('0X', '0x')},=1+1,c 1\n"
        f"bitcoin,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,,\n"
    )
    with postgres.transaction() as connection:
        assert watch(connection, read_watches(given)).added == 2
        assert watch(connection, read_watches(given)).unchanged == 2
        assert write_watches(every_watched(connection, page=1), tmp_path / "out.csv") == 2
        assert watch(connection, read_watches(tmp_path / "out.csv")).unchanged == 2
    assert "'=1+1" in (tmp_path / "out.csv").read_text()
    for line, error in (
        ("ethereum,0x12,,", UnknownAddress),
        ("ethereum,,,", InvalidInput),
        ("ethereum", InvalidInput),
        (f"ethereum,{SHOP},,\nethereum,{SHOP},,", InvalidInput),
    ):
        given.write_text(f"chain,address,reference,customer_reference\n{line}\n")
        with pytest.raises(error, match=r"given\.csv:"), postgres.transaction() as connection:
            watch(connection, read_watches(given))
