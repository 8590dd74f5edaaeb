"""Webhooks over a real worker: signed, once, again after the receiver was away, in order, never inside."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.alerts.webhooks.deliver import WAITS, deliver
from app.alerts.webhooks.endpoints import add_endpoint, rotate_secret
from app.alerts.webhooks.messages import deliveries, send_again, send_test, tell
from app.alerts.webhooks.send import call, signed_headers
from app.alerts.webhooks.targets import check_url
from app.answers.webhooks import Delivery, NewWebhook
from app.errors import InvalidInput
from app.settings import Settings
from app.stores.postgres import Postgres, now
from tests.support.commands import free_port
from tests.support.ingesting import wait_until
from tests.support.jobs.receiver import Receiver, receiving_calls
from tests.support.jobs.working import working
from tests.support.record import ask, change, rows

LOCAL = frozenset({"127.0.0.1"})
AN_HOUR_LATER = "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - interval '1 hour'"


def added(postgres: Postgres, receiver: Receiver) -> NewWebhook:
    with postgres.transaction() as connection:
        return add_endpoint(connection, receiver.url, "test", LOCAL)


def told(postgres: Postgres, subject: str, **data: object) -> None:
    with postgres.transaction() as connection:
        tell(connection, "alert.opened", subject, data, now(connection))


def of(postgres: Postgres, endpoint: NewWebhook) -> list[Delivery]:
    with postgres.transaction() as connection:
        return deliveries(connection, endpoint.endpoint_id, 100, None).deliveries[::-1]


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example/x",
        "ftp://desk.example/x",
        "https:///x",
        "https://user:secret@desk.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::7f00:1]/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[fec0::1]/x",
        "https://[64:ff9b:1::7f00:1]/x",
        "https://[::ffff:0:127.0.0.1]/x",
        "https://[::127.0.0.1]/x",
        "https://[5f00::1]/x",
        "https://localhost/x",
        "https://desk.localhost/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0/x",
        "https://127\u30020\u30020\u30021/x",
        "https://desk.example/\x7f",
        "https://desk.example/\u2028",
        "https://" + "a" * 64 + ".example/x",
        "https://a..example/x",
        "https://desk.example:99999/x",
        "https://desk.example/a b",
        "https://" + "a" * 3_000,
        "",
    ],
)
def test_what_may_not_be_called_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        check_url(url, frozenset())


def test_a_name_in_any_script_is_called_by_its_name_of_the_net() -> None:
    assert check_url("https://B\u00fccher.example/x", frozenset()).hostname == "xn--bcher-kva.example"
    assert check_url("https://\u2460.1.1.1/x", frozenset()).hostname == "1.1.1.1"
    assert check_url("https://inner_desk:8443/x", {"inner_desk"}).port == 8443


@pytest.mark.parametrize("path", ["/\u00fc", "/%zz", "/a?b=\u00e9", "/" + "x" * 1_500])
def test_whatever_the_path_is_a_call_ends_with_its_answer(path: str) -> None:
    with receiving_calls() as receiver:
        url = receiver.url.rpartition("/")[0] + path
        assert call(url, "msg_1", "{}", ["whsec_AAAA"], LOCAL).error is None
        assert len(receiver.calls) == 1


def test_a_call_that_fails_in_any_way_is_an_attempt(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise UnicodeError("label too long")

    with receiving_calls() as receiver:
        endpoint = added(postgres, receiver)
        told(postgres, "a")
        monkeypatch.setattr("app.alerts.webhooks.send.resolve", broken)
        assert deliver(postgres, of(postgres, endpoint)[0].delivery_id, LOCAL) is not None
        (attempt,) = of(postgres, endpoint)[0].attempts
        assert "label too long" in (attempt.error or "")


def test_tests_and_replays_do_not_wait_for_older_failures(postgres: Postgres) -> None:
    with receiving_calls() as receiver:
        endpoint = added(postgres, receiver)
        for _ in range(2):
            told(postgres, "a")
            with postgres.transaction() as connection:
                send_test(connection, endpoint.endpoint_id, now(connection))
        _, _, second, second_test = of(postgres, endpoint)
        with postgres.transaction() as connection:
            send_again(connection, second.delivery_id)
        ready = rows(
            postgres,
            """SELECT DISTINCT ON (lock) CAST(args->>'delivery_id' AS bigint) FROM procrastinate_jobs
            WHERE task_name = 'deliver' ORDER BY lock, id""",
        )
        assert {(second.delivery_id,), (second_test.delivery_id,)} <= set(ready)


def test_a_name_that_leads_inside_is_not_called_unless_it_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def inside_only(_host: str, port: int, **_: object) -> list[object]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    with receiving_calls() as receiver:
        inside = f"https://desk.example:{receiver.port}/hook"
        monkeypatch.setattr("app.alerts.webhooks.targets.getaddrinfo", inside_only)
        refused = call(inside, "msg_1", "{}", ["whsec_AAAA"], frozenset())
        monkeypatch.undo()
        assert (refused.status_code, receiver.calls) == (None, [])
        assert "no public address" in (refused.error or "")
        allowed = call(
            receiver.url.replace("127.0.0.1", "localhost"), "msg_1", "{}", ["whsec_AAAA"], {"localhost"}
        )
        assert allowed.accepted or "::1" in (allowed.error or "") or "Connect" in (allowed.error or "")


def test_redirects_are_not_followed_and_answers_are_bounded() -> None:
    with receiving_calls() as receiver:
        receiver.status = 302
        moved = call(receiver.url, "msg_1", "{}", ["whsec_AAAA"], LOCAL)
        assert (moved.status_code, moved.accepted, len(receiver.calls)) == (302, False, 1)
        receiver.status = 200
        long = call(receiver.url, "msg_1", "{}", ["whsec_AAAA"], LOCAL)
        assert (long.accepted, len(long.answer)) == (True, 1_024)


def test_a_failed_call_waits_longer_each_time_and_is_given_up(postgres: Postgres) -> None:
    with receiving_calls() as receiver:
        endpoint = added(postgres, receiver)
        told(postgres, "a")
        (delivery,) = of(postgres, endpoint)
        receiver.status = 503
        waits = [deliver(postgres, delivery.delivery_id, LOCAL) for _ in range(len(WAITS) + 1)]
        assert waits.pop() is None
        for wait, planned in zip(waits, WAITS, strict=True):
            assert wait is not None
            assert 0.8 * planned <= wait <= 1.2 * planned
        assert sum(WAITS, timedelta(0)) > timedelta(days=3)
        (given_up,) = of(postgres, endpoint)
        assert (given_up.status, len(given_up.attempts)) == ("failed", 10)
        assert {attempt.status_code for attempt in given_up.attempts} == {503}
        assert len(set(receiver.ids())) == 1, "every attempt has the id of its message"
        receiver.status = 204
        with postgres.transaction() as connection:
            send_again(connection, delivery.delivery_id)
        assert deliver(postgres, delivery.delivery_id, LOCAL) is None
        assert of(postgres, endpoint)[0].status == "delivered"
        receiver.verified(endpoint.secret)


def test_an_endpoint_that_is_gone_is_called_no_more(postgres: Postgres) -> None:
    with receiving_calls() as receiver:
        endpoint = added(postgres, receiver)
        told(postgres, "a")
        receiver.status = 410
        assert deliver(postgres, of(postgres, endpoint)[0].delivery_id, LOCAL) is None
        told(postgres, "a")
        assert [each.status for each in of(postgres, endpoint)] == ["failed"]


def test_both_secrets_sign_after_a_rotation(postgres: Postgres) -> None:
    with receiving_calls() as receiver:
        endpoint = added(postgres, receiver)
        with postgres.transaction() as connection:
            rotated = rotate_secret(connection, endpoint.endpoint_id)
        told(postgres, "a", name="Zoë 你好")
        deliver(postgres, of(postgres, endpoint)[0].delivery_id, LOCAL)
        assert receiver.verified(endpoint.secret) == receiver.verified(rotated.secret)
        change(postgres, "UPDATE webhook_endpoints SET secret_before_until = clock_timestamp()")
        told(postgres, "a")
        deliver(postgres, of(postgres, endpoint)[1].delivery_id, LOCAL)
        receiver.calls.pop(0)
        receiver.verified(rotated.secret)
        with pytest.raises(Exception, match="No matching signature"):
            receiver.verified(endpoint.secret)


def test_headers_are_those_of_the_standard() -> None:
    headers = signed_headers("msg_1", "{}", ["whsec_AAAA"], datetime(2026, 1, 5, tzinfo=UTC))
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == "1767571200"
    assert headers["webhook-signature"].startswith("v1,")


def test_a_receiver_that_was_away_for_an_hour_gets_everything_once_and_in_order(
    settings: Settings, postgres: Postgres, tmp_path: Path
) -> None:
    with receiving_calls() as receiver:
        endpoint = added(postgres, receiver)
    for number in range(5):
        told(postgres, "one", number=number)
    told(postgres, "two", number=0)
    log, port = tmp_path / "worker.log", str(free_port())
    allowed = {"webhook_allowed_hosts": "127.0.0.1", "worker_metrics_port": port}
    with working(settings, log, **allowed):
        wait_until(lambda: [len(each.attempts) > 0 for each in of(postgres, endpoint)].count(True) == 2)
    attempted = {each.subject: each for each in of(postgres, endpoint) if each.attempts}
    assert attempted.keys() == {"one", "two"}, "what comes later waits for what is before it"
    change(postgres, AN_HOUR_LATER, None)
    with receiving_calls(receiver), working(settings, log, **allowed):
        wait_until(lambda: all(each.status == "delivered" for each in of(postgres, endpoint)))
    bodies = receiver.verified(endpoint.secret)
    ordered = [
        body["data"]["number"]
        for (headers, _), body in zip(receiver.calls, bodies, strict=True)
        if headers["webhook-id"] not in _ids_of(postgres, "two")
    ]
    assert ordered == [0, 1, 2, 3, 4]
    assert len(receiver.calls) == 6


@pytest.mark.parametrize("fault", ["before_a_call:1", "between_call_and_its_record:1"])
def test_a_killed_worker_loses_no_call_and_repeats_carry_the_same_id(
    settings: Settings, postgres: Postgres, tmp_path: Path, fault: str
) -> None:
    log, port = tmp_path / "worker.log", str(free_port())
    allowed = {"webhook_allowed_hosts": "127.0.0.1", "worker_metrics_port": port}
    with receiving_calls() as receiver:
        endpoint = added(postgres, receiver)
        told(postgres, "one", number=0)
        with pytest.raises(AssertionError), working(settings, log, **allowed, fault=fault) as worker:
            worker.wait(300)
        change(
            postgres,
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '31 seconds'",
            None,
        )
        with working(settings, log, **allowed):
            wait_until(lambda: of(postgres, endpoint)[0].status == "delivered")
        calls = 2 if fault.startswith("between") else 1
        assert len(receiver.calls) == calls
        assert len(set(receiver.ids())) == 1
        receiver.verified(endpoint.secret)
    assert ask(postgres, "SELECT count(*) FROM webhook_deliveries") == 1


def _ids_of(postgres: Postgres, subject: str) -> set[str]:
    with postgres.transaction() as connection:
        endpoint_id = connection.exec_driver_sql("SELECT endpoint_id FROM webhook_endpoints").scalar_one()
        listed = deliveries(connection, endpoint_id, 100, None).deliveries
    return {each.message_id for each in listed if each.subject == subject}
