"""Explanations and states as a person reads them."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from app.answers.base import WalletName
from app.answers.explanation import EvidenceItem, Explanation, PathTransfer
from app.cli.output.present import path_lines
from app.cli.output.status_tables import count, ingestion_table
from app.operations.status_answer import (
    GraphStatus,
    IngestionStatus,
    RecordStatus,
    Throughput,
    Totals,
)
from app.record.dead_letter_alarm import DeadLetterAlarm
from app.stores.jobs import JobCounts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ME, OTHER = "0x" + "aa" * 20, "0x" + "bb" * 20


def printed(*parts: object) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        console.print(*parts)
    return capture.get()


def path(direction: str, points: str, carried: str) -> EvidenceItem:
    transfer = PathTransfer(
        transaction_hash="0x" + "12" * 32,
        transfer_index=0,
        occurred_at=NOW,
        sender=ME,
        receiver=OTHER,
        asset="ETH",
        amount="2000",
        amount_carried=carried,
    )
    return EvidenceItem.model_validate(
        {
            "asset": "ETH", "decimals": 3, "direction": direction, "share": 0.5, "weighted_share": 0.5,
            "points": points, "category": "mixer", "label": None, "label_source": None,
            "label_confidence": None, "hop": 1, "amount_carried": carried, "transfers": [transfer],
        }
    )  # fmt: skip


def test_paths_are_lines_and_those_that_the_score_counts_come_first() -> None:
    explanation = Explanation(
        wallet=WalletName(chain="ethereum", address=ME),
        score="7.000000",
        risk_level="low",
        status="complete",
        direction="destination",
        paths=[path("source", "9.000000", "2000"), path("destination", "7.000000", "500")],
    )
    title, first, transfer, second, whole = printed(path_lines(explanation, 5)).splitlines()
    assert title.rstrip() == "Largest paths, 2 of 2: transaction, time, sender → receiver, amount"
    assert first.rstrip() == "  7.000000 points: money that went to mixer"
    assert transfer.rstrip().split("  ")[2:] == [
        "0x121212…121212", "2026-01-01 00:00:00", "0xaaaaaa…aaaaaa → 0xbbbbbb…bbbbbb",
        "2 ETH, of which 0.5 on this path",
    ]  # fmt: skip
    assert "9.000000 points that the score does not count" in second
    assert whole.rstrip().endswith("  2 ETH")
    assert "1 of 2" in printed(path_lines(explanation, 1))


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 transfers"), (1, "1 transfer"), (1_500, "1,500 transfers")]
)
def test_numbers_agree_with_their_nouns(number: int, words: str) -> None:
    assert count(number, "transfer") == words


def test_the_state_says_what_is_behind_refused_and_not_known() -> None:
    status = IngestionStatus(
        partitions=[],
        lag=None,
        kafka_error="Kafka [at] x does not answer.",
        totals=Totals(consumed=5, stored=3, duplicates=1, dead=1, restated=0, retracted=0),
        throughput=Throughput(one_minute=1.5, five_minutes=0.5),
        seconds_since_last_ingestion=119.9,
        graph=GraphStatus(
            ready=False, behind_batches=1, behind_transfers=2, behind_seconds=3, wallets=2, transfers=1
        ),
        record=RecordStatus(transfers=3, wallets=2, assets=1, waiting=4),
        dead_letters={"conflict": 1},
        alarm=DeadLetterAlarm(
            refused_in_a_row=7,
            ceiling=5,
            reason="not_json",
            since=NOW,
            text="7 messages in a row.",
        ),
        refused_in_a_row=7,
        reconciliation=None,
        jobs=JobCounts(waiting=0, scheduled=2, running=0, failed=0, oldest_seconds=None, workers=1),
        latest_run=None,
        published_run=None,
        as_of=NOW + timedelta(seconds=1),
    )
    shown = printed(ingestion_table(status))
    for line in (
        "not known: Kafka [at] x does not answer.",
        "5 messages: 3 stored, 1 duplicate, 1 refused",
        "1 min 59 s ago",
        "1 transfer, 2 wallets: 2 transfers in 1 batch behind the record, for 3.0 s",
        "7 messages in a row.",
        "1 conflict: see `aml dead-letters list`",
        "none: start one with `aml score`",
        "4 transfers: see GET /v1/transfers/waiting",
    ):
        assert line in shown
