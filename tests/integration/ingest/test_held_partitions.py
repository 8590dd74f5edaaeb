"""A consumer reads whatever Kafka has: also what it was held from, and what its client gives no more."""

from collections.abc import Callable
from contextlib import closing
from threading import Event
from time import monotonic

import pytest

from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.consumer import stall
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.consumer.subscription import Subscription
from tests.support.topics import send


def subscribed(settings: Settings, postgres: Postgres) -> closing[Subscription]:
    """A member of the group, which leaves it at the end of the block."""
    return closing(Subscription(settings, RecordedOffsets(postgres, settings.transfers_topic), Event()))


def until(subscription: Subscription, condition: Callable[[int], bool]) -> None:
    """Fetches until the condition holds of the number of messages that came."""
    messages, deadline = 0, monotonic() + 60
    while not condition(messages):
        assert monotonic() < deadline
        messages += len(subscription.fetch(100))


def test_what_was_paused_before_a_rebalance_is_read_after_it(one: Settings, postgres: Postgres) -> None:
    send(one, 0, 10)
    with subscribed(one, postgres) as subscription:
        until(subscription, lambda messages: messages == 10)
        partitions = subscription._consumer.assignment()
        subscription.hold(is_held=True)
        subscription._revoked(subscription._consumer, partitions)  # the group is rebalanced
        subscription._consumer.unassign()
        subscription.hold(is_held=False)
        subscription._assigned(subscription._consumer, partitions)
        until(subscription, lambda messages: messages == 10)


def test_a_client_that_gives_nothing_while_kafka_has_more_is_renewed(
    one: Settings, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall, "PATIENCE_SECONDS", 1.0)
    send(one, 0, 10)
    with subscribed(one, postgres) as subscription:
        until(subscription, lambda messages: messages == 10)
        subscription._consumer.pause(subscription._consumer.assignment())  # nobody knows why
        send(one, 10, 15)
        until(subscription, lambda messages: messages == 15)  # none of the ten was written


def test_a_client_that_has_nothing_to_read_is_left_alone(
    one: Settings, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall, "PATIENCE_SECONDS", 0.2)
    with subscribed(one, postgres) as subscription:
        client, end = subscription._consumer, monotonic() + 5
        while monotonic() < end:
            assert subscription.fetch(100) == []
        assert subscription._consumer is client
