"""Retries while a server is away: until it answers, until they are stopped, and no longer than they may."""

from collections.abc import Callable
from threading import Event, Timer
from time import monotonic

import pytest
from sqlalchemy.exc import OperationalError

from app.errors import DependencyMissing, InvalidInput
from app.stores.postgres import is_retryable
from ingest.consumer import retry
from ingest.consumer.retry import retries, retry_record
from ingest.instruments import WAITS


class Restarting(Exception):
    """What a driver raises while its server starts."""

    pgcode = "57P03"


def database_error() -> OperationalError:
    return OperationalError("SELECT 1", {}, Restarting())


def failing(times: int, error: Exception) -> Callable[[], str]:
    """Work that succeeds after so many failures."""
    failures = iter([error] * times)

    def work() -> str:
        for failure in failures:
            raise failure
        return "done"

    return work


def waits() -> float:
    return float(WAITS.labels("record")._value.get())


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_WAITS_SECONDS", (0.001, 0.002))


@pytest.mark.usefixtures("short_waits")
def test_work_is_repeated_until_the_server_answers() -> None:
    before = waits()
    assert retry_record(Event(), failing(5, database_error())) == "done"
    assert retry_record(Event(), failing(2, DependencyMissing("Kafka is away."))) == "done"
    assert waits() - before == 7


def test_an_error_that_a_retry_does_not_cure_is_raised_at_once() -> None:
    before = waits()
    for error in (InvalidInput("Wrong."), OperationalError("SELECT 1", {}, Exception("no such table"))):
        assert not is_retryable(error)
        with pytest.raises(type(error)):
            retry_record(Event(), failing(1, error))
    assert waits() == before


def test_stopping_ends_the_wait_and_then_the_retries() -> None:
    stop = Event()
    Timer(0.05, stop.set).start()
    started = monotonic()
    with pytest.raises(DependencyMissing, match="PostgreSQL does not answer"):
        retry_record(stop, failing(100, database_error()))
    assert monotonic() - started < 0.45  # the first wait alone takes half a second


@pytest.mark.usefixtures("short_waits")
def test_a_server_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MAX_RECORD_AWAY_SECONDS", 0.05)
    with pytest.raises(DependencyMissing, match="nothing is lost"):
        retry_record(Event(), failing(100_000, database_error()))
    with pytest.raises(DependencyMissing, match="Kafka is away"):
        retry_record(Event(), failing(100_000, DependencyMissing("Kafka is away.")))


@pytest.mark.usefixtures("short_waits")
def test_waits_grow_and_start_again_with_the_next_call() -> None:
    for _ in range(2):
        seen = []
        policy = retries(Event(), "record")
        policy.sleep = seen.append
        policy(failing(4, database_error()))
        assert seen == [0.001, 0.002, 0.002, 0.002]
