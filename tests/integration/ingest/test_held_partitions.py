"""A consumer that was held while it lost its partitions reads them when it has them again."""

from collections.abc import Callable
from threading import Event
from time import monotonic

from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.consumer.recorded_offsets import RecordedOffsets
from ingest.consumer.subscription import Subscription
from tests.support.topics import send


def until(subscription: Subscription, condition: Callable[[int], bool]) -> None:
    """Fetches until the condition holds of the number of messages that came."""
    messages, deadline = 0, monotonic() + 60
    while not condition(messages):
        assert monotonic() < deadline
        messages += len(subscription.fetch(100))


def test_what_was_paused_before_a_rebalance_is_read_after_it(one: Settings, postgres: Postgres) -> None:
    send(one, 0, 10)
    subscription = Subscription(one, RecordedOffsets(postgres, one.transfers_topic), Event())
    try:
        until(subscription, lambda messages: messages == 10)
        partitions = subscription._consumer.assignment()
        subscription.hold(is_held=True)
        subscription._revoked(subscription._consumer, partitions)  # the group is rebalanced
        subscription._consumer.unassign()
        subscription.hold(is_held=False)
        subscription._assigned(subscription._consumer, partitions)
        until(subscription, lambda messages: messages == 10)
    finally:
        subscription.close()
