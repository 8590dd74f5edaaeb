"""The transfers topic for the API: its producer, one message of it, and its contract."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from app.answers.names import RefusalReason
from app.api.topic import PublishedEvent
from app.domain import Retraction, Transfer
from app.errors import InvalidEvent
from app.record.messages import TopicMessage
from app.settings import Settings
from app.stores.postgres import Postgres
from ingest.contract.documents import DOCUMENTS
from ingest.contract.transfer import parse_event
from ingest.kafka.message import read_message
from ingest.kafka.publisher import Publisher
from ingest.kafka.replay import NamedOrigin, replay_one


class Topic:
    """The topic of the settings; producers are kept between requests, readers are not, since few come."""

    def __init__(self, settings: Settings, postgres: Postgres) -> None:
        self._settings = settings
        self._postgres = postgres
        self._publisher = Publisher(settings)

    def publish(self, events: Sequence[object], repeating: Collection[int] = ()) -> list[PublishedEvent]:
        """As `TransferTopic.publish`."""
        checked = [
            InvalidEvent("duplicate_field", "The message writes a field twice.")
            if place in repeating
            else _check(event)
            for place, event in enumerate(events)
        ]
        accepted = [each for each in checked if not isinstance(each, InvalidEvent)]
        places = iter(self._publisher.publish(accepted) if accepted else ())
        return [
            _refused(each) if isinstance(each, InvalidEvent) else _published(*next(places))
            for each in checked
        ]

    def read(self, partition: int, offset: int) -> TopicMessage | None:
        """As `TransferTopic.read`."""
        return read_message(self._settings, partition, offset)

    def replay(self, topic: str, partition: int, offset: int, series: int | None) -> None:
        """As `TransferTopic.replay`."""
        replay_one(self._settings, self._postgres, NamedOrigin(topic, partition, offset, series))

    def contract(self) -> Mapping[str, Mapping[str, Any]]:
        """As `TransferTopic.contract`."""
        return DOCUMENTS


def _check(event: object) -> Transfer | Retraction | InvalidEvent:
    if not isinstance(event, dict):
        return InvalidEvent("not_object", "The message is not a JSON object.")
    try:
        return parse_event(event)
    except InvalidEvent as exc:
        return exc


def _published(partition: int, offset: int) -> PublishedEvent:
    return PublishedEvent(status="published", partition=partition, offset=offset, reason=None, detail=None)


def _refused(exc: InvalidEvent) -> PublishedEvent:
    return PublishedEvent(
        status="refused",
        partition=None,
        offset=None,
        reason=cast("RefusalReason", exc.reason),
        detail=str(exc),
    )
