"""ethereum-etl's stream, from topics of its own, as transfers on the product's topic.

`ethereumetl stream --output kafka/…` writes one JSON object an item: blocks, transactions, logs, token
transfers, traces, tokens, contracts, to one topic a kind or to one for all. Items of a block explain each
other, so they wait until the block is complete. How far the stream is read, and what it has told of tokens,
is committed to the record after Kafka has the transfers: a process that ends anywhere loses nothing, and
what it publishes again is a duplicate.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka import Message as KafkaMessage

from app.domain import Transfer
from app.errors import DependencyMissing, InvalidEvent, InvalidInput
from app.settings import Settings
from app.stores.kafka import KafkaAccess
from app.stores.postgres import Postgres
from ingest.adapters.block_buffer import BlockBuffer, Item, Source
from ingest.adapters.state import load_state, save_state
from ingest.files.etl_index import ExportIndex
from ingest.files.etl_transfers import SkippedRecord, TransferParser
from ingest.files.forms import ETL, Form, form_of
from ingest.files.records import Record
from ingest.files.spelling import integer
from ingest.files.tally import Tally
from ingest.kafka.permissions import allow_reading
from ingest.kafka.producer import produce

log = structlog.get_logger()

MAX_MESSAGES: Final = 5_000
MAX_BUFFERED: Final = 200_000
"""Items in memory: beyond it nothing is read until blocks are complete."""
POLL_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 15.0
SILENCE_SECONDS: Final = 120.0


def adapt(
    settings: Settings,
    postgres: Postgres,
    topics: Sequence[str],
    chain: str,
    stop: Event,
    *,
    once: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Tally:
    """Publishes the transfers of a stream until `stop` is set, or (`once`) all that is there.

    Returns:
        What was left out, by reason; `progress` is called with the number of published transfers.

    Raises:
        InvalidInput: a topic is one of the product's own, or none that is there.
        DependencyMissing: Kafka or the record does not answer, or refuses.
    """
    if own := {settings.transfers_topic, settings.dead_letter_topic} & {*topics}:
        raise InvalidInput(f"{', '.join(sorted(own))} is a topic of the product: the stream needs its own.")
    allow_reading(settings, topics)
    stream = _Stream(settings, postgres, topics, chain)
    published = 0
    try:
        while not stop.is_set():
            stream.read()
            published += stream.publish()
            if progress is not None:
                progress(published)
            if once and stream.is_empty():
                break
    finally:
        stream.close()
    return stream.tally


class _Stream:
    """One process's reading of the topics."""

    def __init__(self, settings: Settings, postgres: Postgres, topics: Sequence[str], chain: str) -> None:
        self.tally = Tally()
        self._settings = settings
        self._postgres = postgres
        self._chain = chain
        self._name = f"{chain}:{','.join(sorted(topics))}"
        self._access = KafkaAccess(settings, "consumer")
        self._consumer = Consumer(
            {
                **self._access.options,
                "group.id": settings.consumer_group,  # it joins no group: the record has its offsets
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
            }
        )
        self._at_end: set[Source] = set()
        self._saved_at: dict[Source, int] | None = None
        self._index = ExportIndex(chain)
        state = postgres.run(lambda connection: load_state(connection, self._name))
        self._index.decimals.update(state.decimals)
        self._saved_tokens = {*state.decimals}
        self.buffer = BlockBuffer(state.read_to, {*state.unsettled})
        self._last_answer = monotonic()
        self._assign(topics, state.restart_at)

    def read(self) -> None:
        """Reads some messages, unless too many wait."""
        if self.buffer.size >= MAX_BUFFERED:
            Event().wait(POLL_SECONDS)
            return
        for message in self._consumer.consume(MAX_MESSAGES, POLL_SECONDS):
            error = message.error()
            source = Source(message.topic() or "", message.partition() or 0)
            if error is None:
                self._last_answer = monotonic()
                self._at_end.discard(source)
                self._take(source, message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - a public name of the library
                self._last_answer = monotonic()
                self._at_end.add(source)
            elif error.code() in {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}:  # noqa: SLF001
                raise DependencyMissing(
                    f"{source.topic}/{source.partition} has lost what was to be read next ({error.str()}):"
                    " give its topic a longer retention, and import the missing blocks from an export."
                )
            else:
                self._access.check_permission(error)
        self._access.check()
        if monotonic() - self._last_answer > SILENCE_SECONDS and len(self._at_end) < len(self.buffer.newest):
            raise DependencyMissing(f"Kafka has not answered for {SILENCE_SECONDS:g} s.")

    def publish(self) -> int:
        """Publishes the transfers of the blocks that are complete, and then commits how far that is."""
        blocks = self.buffer.complete(monotonic(), self._at_end)
        transfers = [transfer for items in blocks for transfer in self._transfers(items)]
        if transfers:
            produce(transfers, self._settings)
        if blocks or self.buffer.positions != self._saved_at:
            self._save()
        return len(transfers)

    def is_empty(self) -> bool:
        """Whether every partition is read to its end and nothing waits."""
        return self.buffer.size == 0 and self._at_end == self._sources

    def close(self) -> None:
        """Closes the client."""
        self._consumer.close()

    def _assign(self, topics: Sequence[str], restart_at: dict[Source, int]) -> None:
        self._sources = set()
        assigned = []
        for topic in topics:
            found = self._consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
            self._access.check()
            if found.error is not None:
                raise InvalidInput(f"There is no topic {topic} that may be read: {found.error.str()}.")
            for partition in found.partitions:
                source = Source(topic, partition)
                begin, end = self._consumer.get_watermark_offsets(
                    TopicPartition(topic, partition), timeout=ANSWER_SECONDS
                )
                first = restart_at.get(source, begin)
                if first < begin or first > end:
                    log.error("stream_hole", topic=topic, partition=partition, from_offset=first, begin=begin)
                    first = begin
                    self.buffer.read_to.pop(source, None)
                self._sources.add(source)
                self.buffer.positions[source] = first
                assigned.append(TopicPartition(topic, partition, first))
        self._consumer.assign(assigned)

    def _take(self, source: Source, message: KafkaMessage) -> None:
        offset = message.offset() or 0
        record = _record(message.value())
        block = None if record is None else _block_of(record)
        if record is None or block is None:
            self.tally.skip("other_event" if record else "not_json", _place(source), offset)
            self.buffer.skip(source, offset)
        else:
            self.buffer.add(block, Item(source, offset, record), monotonic())

    def _transfers(self, items: list[Item]) -> list[Transfer]:
        """The transfers of one block: items that come twice are one."""
        index = ExportIndex(self._chain)
        index.decimals.update(self._index.decimals)
        parser = TransferParser(self._chain, index, self.tally, needs_place=True)
        formed = [(form, item) for item in items if (form := form_of(item.record)) in ETL]
        formed.sort(key=lambda pair: ETL.index(pair[0]))
        for form, item in formed:
            parser.learn(form, item.record)
        found: dict[tuple[str, int], Transfer] = {}
        for form, item in formed:
            try:
                transfer = parser.parse(form, item.record)
            except SkippedRecord as exc:
                self.tally.skip(exc.reason, _place(item.source), item.offset)
            except InvalidEvent as exc:
                self.tally.skip(exc.reason, _place(item.source), item.offset, str(exc))
            else:
                if transfer is not None:
                    found[transfer.transaction_hash, transfer.transfer_index] = transfer
        self._index.decimals.update(index.decimals)
        return list(found.values())

    def _save(self) -> None:
        new = {
            token: decimals
            for token, decimals in self._index.decimals.items()
            if token not in self._saved_tokens
        }
        self._postgres.run(
            lambda connection: save_state(
                connection,
                self._name,
                restart_at=self.buffer.restart_at(),
                read_to=self.buffer.positions,
                unsettled=self.buffer.unsettled(),
                decimals=new,
            )
        )
        self._saved_tokens.update(new)
        self._saved_at = dict(self.buffer.positions)


def _record(payload: bytes | None) -> Record | None:
    """The item as a message has it; None where it is none."""
    try:
        record = json.loads(payload or b"")  # not orjson: it reads integers beyond 64 bits as floats
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _block_of(record: Record) -> int | None:
    number = integer(
        record.get("number") if form_of(record) is Form.etl_blocks else record.get("block_number")
    )
    return number if type(number) is int else None


def _place(source: Source) -> Path:
    return Path(f"{source.topic}-{source.partition}")
