"""Publishes a checked import under its identity, and finds out what its blocks have no longer."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain as chained
from pathlib import Path
from typing import Final

import orjson

from app.cli.output.outcome import await_outcome
from app.cli.output.terminal import count_progress, open_record
from app.domain import Retraction
from app.errors import NotReady
from app.record.imports import begin_import, end_import
from app.record.outcome import OffsetRange, Outcome, count_partitions
from app.record.replaced_blocks import Place, earlier_imports, gone_transfers
from app.settings import Settings
from app.stores.kafka_offsets import partition_offsets
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.files.spool import Spool
from ingest.files.tally import Tally
from ingest.kafka.producer import ProduceReport, produce_encoded

SILENCE_SECONDS: Final = 60.0
"""So long the consumer may read nothing of what earlier imports published."""
POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Gone:
    """What earlier imports recorded of the files' blocks and the files do not have any more."""

    retractions: Sequence[Retraction] = ()
    blocks: int = 0


@dataclass(frozen=True, slots=True)
class Published:
    """An import that is in Kafka."""

    import_id: str
    report: ProduceReport
    outcome: Outcome | None


def gone(spool: Spool, tally: Tally, chain: str, settings: Settings) -> Gone:
    """What is gone from blocks that the files hold as a whole, compared with earlier imports of whole blocks.

    Raises:
        NotReady: the consumer does not read what those have published.
        DependencyMissing: the record or Kafka does not answer.
    """
    blocks = list(tally.blocks.whole())
    if not blocks:
        return Gone()
    with open_record(settings) as postgres:
        _await_earlier(postgres, settings, spool.digest)
        with postgres.transaction() as connection:
            retractions, number = gone_transfers(
                connection,
                chain,
                blocks,
                _places(spool),
                tokens=tally.blocks.tokens,
                calls=tally.blocks.calls,
                seen_at=datetime.now(UTC),
            )
    return Gone(retractions, number)


def publish(
    spool: Spool,
    tally: Tally,
    settings: Settings,
    path: Path,
    retractions: Sequence[Retraction],
    wait: float | None,
) -> Published:
    """Publishes the import's messages, then what they take back, and waits for the consumer if it is to.

    Raises:
        DependencyMissing: the record or Kafka does not answer. Importing again goes on where this ended.
    """
    total = spool.totals.transfers + spool.totals.retractions + len(retractions)
    back = ((encode(retraction), retraction.message_key) for retraction in retractions)
    topic = settings.transfers_topic
    with open_record(settings) as postgres:
        with postgres.transaction() as connection:
            before = count_partitions(connection, topic)
            import_id = begin_import(
                connection,
                spool.digest,
                str(path),
                spool.totals.transfers + spool.totals.retractions,
                is_of_blocks=any(True for _ in tally.blocks.whole()),
            )
        with count_progress("publishing", total) as progress:
            messages = chained(spool.messages(), back)
            report = produce_encoded(messages, settings, progress, import_id=import_id)
        with postgres.transaction() as connection:
            end_import(connection, import_id, report.offsets)
        if wait is None:
            return Published(import_id, report, None)
        ranges = [OffsetRange(*each) for each in report.offsets]
        with count_progress("waiting for the consumer", report.delivered) as progress:
            outcome = await_outcome(postgres, topic, before, ranges, silence_seconds=wait, progress=progress)
    return Published(import_id, report, outcome)


def _places(spool: Spool) -> Iterator[Place]:
    for payload, _ in spool.messages():
        event = orjson.loads(payload)
        if "type" not in event:
            yield event["transaction_hash"], event["transfer_index"], event["block_number"]


def _await_earlier(postgres: Postgres, settings: Settings, digest: str) -> None:
    """Returns when the record has come to the end of what other imports of whole blocks published."""
    with postgres.transaction() as connection:
        earlier = earlier_imports(connection, digest)
    if not earlier:
        return
    ends: dict[int, int] = {}
    if any(each.offsets is None for each in earlier):  # one was interrupted, or is being published
        ends = {partition: each.end for partition, each in partition_offsets(settings).items()}
    for each in earlier:
        for partition, last in (each.offsets or {}).items():
            ends[partition] = max(last + 1, ends.get(partition, 0))
    seen, since = -1, time.monotonic()
    while True:
        with postgres.transaction() as connection:
            counted = count_partitions(connection, settings.transfers_topic)
        reached = {partition: counted[partition].next_offset for partition in ends if partition in counted}
        left = sum(max(0, end - reached.get(partition, 0)) for partition, end in ends.items())
        if not left:
            return
        if left != seen:
            seen, since = left, time.monotonic()
        elif time.monotonic() - since > SILENCE_SECONDS:
            raise NotReady(
                f"{left} messages, among them those of an earlier import, wait in Kafka, so what is gone"
                " from its blocks is not known. Start the consumer (`aml status` says whether it runs), or"
                " import with --partial, which retracts nothing. Nothing was imported."
            )
        time.sleep(POLL_SECONDS)  # another process's progress has no condition to wait on
