"""`aml import transfers`: all of a file or nothing, told in a summary, and nothing twice."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from tests.support.builders import story
from tests.support.environment import environment
from tests.support.ingesting import consuming, messages_in_topic, wait_until

pytestmark = pytest.mark.usefixtures("topics")

ALICE, BOB, CAROL = ("0x" + digits * 20 for digits in ("a1", "b0", "c4"))
KILLS = int(os.environ.get("AML_IMPORT_KILLS", "3"))
"""`make test-imports` kills 50 times."""
HASH, FAILED = "0x" + "ab" * 32, "0x" + "ac" * 32


def send(settings: Settings, path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "import", "transfers", str(path), *options],
        env={**os.environ, **environment(settings), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def answer(settings: Settings, path: Path, *options: str) -> Any:  # noqa: ANN401 - what the command answers
    sent = send(settings, path, "--json", *options)
    assert sent.returncode == 0, sent.stderr
    return json.loads(sent.stdout)


@pytest.fixture
def topics(settings: Settings) -> None:
    ensure_topics(settings)


def export(folder: Path) -> Path:
    """An export with a payment, a failed one, and value that a call inside the first sends on."""
    folder.mkdir()
    head = (
        "block_number,transaction_hash,transaction_index,from_address,to_address,value,trace_type,call_type"
    )
    (folder / "transactions.csv").write_text(
        "hash,nonce,block_number,transaction_index,from_address,to_address,value,block_timestamp\n"
        f"{HASH},1,5000000,0,{ALICE},{BOB},100,1517319693\n{FAILED},2,5000000,1,{ALICE},{BOB},7,1517319693\n"
    )
    (folder / "receipts.csv").write_text(
        "transaction_hash,transaction_index,block_number,gas_used,contract_address,status\n"
        f"{HASH},0,5000000,21000,,1\n{FAILED},1,5000000,21000,,0\n"
    )
    (folder / "traces.csv").write_text(
        f"{head},trace_address,error,status\n"
        f"5000000,{HASH},0,{ALICE},{BOB},100,call,call,,,1\n"
        f'5000000,{HASH},0,{BOB},{CAROL},60,call,call,"0,1",,1\n'
    )
    return folder


def test_an_export_is_recorded_once_however_often_it_is_imported(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    folder = export(tmp_path / "export")
    checked = answer(settings, folder, "--dry-run")
    assert messages_in_topic(settings) == 0
    assert (checked["transfers"], checked["internal"], checked["delivered"]) == (2, 1, 0)
    assert checked["skipped"] == {"failed": 1, "in_transactions": 1}
    assert checked["assets"] == {"ethereum:ETH": {"transfers": 2, "amount": "160"}}
    with consuming(settings, postgres, graph):
        first, again = (answer(settings, folder, "--wait", "60") for _ in range(2))
    assert checked["import_id"] is None
    assert first["import_id"] == again["import_id"]
    assert {**first, "outcome": None, "delivered": 0, "import_id": None} == {**checked, "outcome": None}
    assert (first["outcome"]["stored"], first["outcome"]["duplicates"]) == (2, 0)
    assert (again["outcome"]["stored"], again["outcome"]["duplicates"]) == (0, 2)
    assert not first["outcome"]["dead_letters"] | again["outcome"]["dead_letters"]
    with postgres.transaction() as connection:
        rows = connection.execute(text("SELECT kind, amount FROM transactions ORDER BY amount")).all()
    assert [(row.kind, int(row.amount)) for row in rows] == [("internal", 60), (None, 100)]


def kill_after(settings: Settings, command: list[str], messages: int) -> None:
    """Kills the command once it has published so many messages: more may be there or on their way."""
    wanted = messages_in_topic(settings) + messages
    with subprocess.Popen(
        command, env={**os.environ, **environment(settings)}, stderr=subprocess.DEVNULL
    ) as child:
        wait_until(lambda: child.poll() is not None or messages_in_topic(settings) >= wanted)
        child.kill()


def test_an_import_that_is_killed_and_run_again_loses_nothing_and_records_nothing_twice(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    transfers = [
        replace(first, transaction_hash=f"0x{number:064x}")
        for number, first in zip(range(20_000), cycle(story().transfers), strict=False)
    ]
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(map(encode, transfers)))
    command = [sys.executable, "-m", "app.cli", "import", "transfers", str(file)]
    with consuming(settings, postgres, graph):
        for kill in range(KILLS):
            kill_after(settings, command, messages=1 + 4_500 * kill // KILLS)
        done = answer(settings, file, "--wait", "60")
        assert done["delivered"] == 20_000
        assert not done["outcome"]["dead_letters"]
    with postgres.transaction() as connection:
        rows, amounts = connection.execute(text("SELECT count(*), sum(amount) FROM transactions")).one()
    assert (rows, int(amounts)) == (20_000, sum(transfer.amount for transfer in transfers))


def test_a_fault_at_the_end_of_a_file_publishes_nothing_of_it(settings: Settings, tmp_path: Path) -> None:
    transfers = story().transfers[:500]
    file = tmp_path / "events.jsonl"
    bad = encode(replace(transfers[0], sender="0x12"))
    file.write_bytes(b"\n".join([*map(encode, transfers), bad]))
    sent = send(settings, file)
    assert sent.returncode == 2
    assert "line 501" in sent.stderr
    assert "Nothing was imported." in sent.stderr
    assert messages_in_topic(settings) == 0


def test_a_file_without_a_usable_line_is_an_error_that_says_what_it_holds(
    settings: Settings, tmp_path: Path
) -> None:
    folder = export(tmp_path / "export")
    for name in ("transactions", "traces"):
        (folder / f"{name}.csv").write_text((folder / f"{name}.csv").read_text().replace(",100,", ",0,"))
    (folder / "traces.csv").unlink()
    sent = send(settings, folder)
    assert sent.returncode == 2
    assert "1 failed (the transaction or the call failed, so it moved nothing)" in sent.stderr
    assert "1 zero_value (nothing was moved): transactions.csv, line 2" in sent.stderr
    assert "Nothing was imported." in sent.stderr
    assert messages_in_topic(settings) == 0
