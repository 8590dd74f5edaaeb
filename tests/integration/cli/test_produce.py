"""`aml produce` says what became of what it sent, whoever else sends meanwhile; its wait is bounded."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.producer import produce
from ingest.simulator.story import write_story
from tests.support.builders import retraction, story
from tests.support.environment import environment
from tests.support.ingesting import consuming, ingest, messages_in_topic, wait_until

NO_JSON = b"{nonsense"


def send(settings: Settings, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`aml produce` as a process of its own: the consumer in this one writes log lines."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "produce", str(file), *options],
        env={**os.environ, **environment(settings), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def answer(settings: Settings, file: Path, *options: str) -> Any:  # noqa: ANN401 - what the command answers
    """What it answers with `--json`."""
    sent = send(settings, file, "--json", *options)
    assert sent.returncode == 0, sent.stderr
    return json.loads(sent.stdout)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """400 transfers, ten of them again, one with another amount, a retraction, and two lines of nonsense."""
    path = tmp_path / "events.jsonl"
    transfers = story().transfers[:400]
    conflict = replace(transfers[0], amount=transfers[0].amount + 1)
    events = [*transfers, *transfers[:10], conflict, retraction(transfers[399])]
    path.write_bytes(b"\n".join([*map(encode, events), NO_JSON, NO_JSON]))
    return path


def test_what_became_of_every_line_is_told_and_of_the_same_lines_again(
    settings: Settings, postgres: Postgres, graph: Graph, file: Path
) -> None:
    with consuming(settings, postgres, graph):
        assert answer(settings, file) == {
            "delivered": 414,
            "invalid": 2,
            "consumed": 414,
            "stored": 400,
            "duplicates": 10,
            "retractions": 1,
            "dead_letters": {"not_json": 2, "conflict": 1},
            "waiting": 0,
            "others": 0,
        }
        again = answer(settings, file)
    assert again["consumed"] == 414
    assert again["dead_letters"] == {"not_json": 2, "conflict": 1}
    assert again["waiting"] == 0


def test_dead_letters_are_counted_of_its_own_lines_alone_and_others_are_named(
    settings: Settings, postgres: Postgres, graph: Graph, file: Path
) -> None:
    produce([*story().transfers[400:700], *[NO_JSON] * 40], settings)
    told: list[dict[str, Any]] = []
    sending = Thread(target=lambda: told.append(answer(settings, file)))
    sending.start()
    wait_until(lambda: messages_in_topic(settings) == 340 + 414)
    produce([*story().transfers[700:800], *[NO_JSON] * 10], settings)
    with consuming(settings, postgres, graph):
        sending.join(120)
    (became,) = told
    assert became["dead_letters"] == {"not_json": 2, "conflict": 1}
    assert became["waiting"] == 0
    assert 340 <= became["others"] <= 450
    assert became["consumed"] == 414


def test_two_stories_of_one_seed_make_no_dead_letter(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    with consuming(settings, postgres, graph):
        for wallets in (300, 310):
            path = tmp_path / f"{wallets}.jsonl"
            write_story(story(3, wallets=wallets), path)
            became = answer(settings, path)
            assert (became["stored"], became["dead_letters"]) == (1_500, {})


def test_without_a_consumer_it_says_after_a_while_what_waits(settings: Settings, file: Path) -> None:
    sent = send(settings, file, "--json", "--wait", "0.5")
    assert sent.returncode == 1
    assert json.loads(sent.stdout)["waiting"] == 414
    assert "414 of 414 messages wait in Kafka" in sent.stderr


def test_who_does_not_wait_is_told_what_was_sent(settings: Settings, file: Path) -> None:
    assert answer(settings, file, "--no-wait") == {"delivered": 414, "invalid": 2}


def test_a_person_reads_the_same_with_the_reasons(
    settings: Settings, postgres: Postgres, graph: Graph, file: Path
) -> None:
    ingest(settings, postgres, graph, story().transfers[:1])
    with consuming(settings, postgres, graph):
        sent = send(settings, file)
    assert sent.returncode == 0
    counts = "399 stored, 11 duplicates, 1 retraction, 3 dead letters (2 not_json, 1 conflict)"
    assert f"414 sent: {counts}." in sent.stderr
    assert "aml dead-letters list" in sent.stderr
