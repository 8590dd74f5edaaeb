"""`aml import undo`: what an import alone brought is as if it had never been said, also when it is killed."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from app.errors import NotFound
from app.operations.reconcile import reconcile
from app.projection.pending import project_all_pending
from app.settings import Settings
from app.settings import settings as settings_of_the_process
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from tests.support.builders import story, transfer
from tests.support.commands import aml
from tests.support.content import is_equal
from tests.support.environment import environment
from tests.support.ingesting import consuming, ingest, wait_until
from tests.support.record import ask, ignore, rows, score

pytestmark = pytest.mark.usefixtures("topics")

KILLS = int(os.environ.get("AML_IMPORT_KILLS", "2"))
"""`make test-imports` kills 50 times."""
TRANSFERS = 9_000
HASHES = ["0x" + digits * 32 for digits in ("a1", "a2", "a3", "a4")]
ALICE, BOB, CAROL = ("0x" + digits * 20 for digits in ("a1", "b0", "c4"))


@pytest.fixture
def topics(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands inside the test use its servers."""
    ensure_topics(settings)
    for name, setting in environment(settings).items():
        monkeypatch.setenv(name, setting)
    settings_of_the_process.cache_clear()
    yield
    settings_of_the_process.cache_clear()


def answer(_settings: Settings, *arguments: str) -> Any:  # noqa: ANN401 - what the command answers
    printed = aml(*arguments, "--json")  # the consumer of the test logs to the same place
    return json.JSONDecoder().raw_decode(printed, printed.index("{\n"))[0]


def import_file(settings: Settings, path: Path, *options: str) -> Any:  # noqa: ANN401 - likewise
    return answer(settings, "import", "transfers", str(path), "--wait", "60", *options)


def events(path: Path, first: int, last: int) -> Path:
    """A file of transfers; those of the same numbers are the same in every file."""
    transfers = [
        replace(one, transaction_hash=f"0x{number:064x}", observed_at=None)
        for number, one in zip(range(last), cycle(story().transfers), strict=False)
    ]
    path.write_bytes(b"\n".join(map(encode, transfers[first:])))
    return path


def live(postgres: Postgres) -> int:
    return int(ask(postgres, "SELECT count(*) FROM transactions WHERE retracted_batch_id IS NULL"))


def pools(postgres: Postgres) -> dict[tuple[Any, ...], int]:
    """What every wallet holds, where it holds anything."""
    held = rows(postgres, "SELECT wallet_id, asset_id, balance FROM pools WHERE balance > 0")
    return {(wallet, asset): int(balance) for wallet, asset, balance in held}


def test_an_undone_import_was_never_said_and_comes_back_when_it_is_imported_again(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    producers = [replace(t, observed_at=None) for t in story().transfers[:100]]
    producers = [replace(t, transaction_hash=f"0x{n:064x}") for n, t in enumerate(producers)]
    file, other = events(tmp_path / "a.jsonl", 50, 400), events(tmp_path / "b.jsonl", 300, 500)
    ingest(settings, postgres, graph, producers)
    before = pools(postgres)
    with consuming(settings, postgres, graph):
        first = import_file(settings, file)
        second = import_file(settings, other)
        everything = pools(postgres)
        assert live(postgres) == 500
        run_id = score(postgres)
        assert import_file(settings, file)["import_id"] == first["import_id"]

        undone = answer(settings, "import", "undo", first["import_id"])
        assert (undone["state"], live(postgres)) == ("undone", 300)
        answer(settings, "import", "undo", second["import_id"][:8])
        assert (live(postgres), pools(postgres)) == (100, before)
        assert verify_run(postgres, run_id, ignore).equal

        again = import_file(settings, file)
        assert again["import_id"] != first["import_id"]
        assert again["outcome"]["stored"] == 300
        import_file(settings, other)
        assert (live(postgres), pools(postgres)) == (500, everything)
    listed = answer(settings, "imports")["imports"]
    assert [each["state"] for each in listed] == ["published", "published", "undone", "undone"]
    with pytest.raises(NotFound, match="There is no import ffffffffffff"):
        aml("import", "undo", "ffffffffffff")
    project_all_pending(postgres, graph)
    assert is_equal(postgres, graph)
    assert reconcile(postgres, graph, ignore).equal


def test_an_undo_that_is_killed_is_finished_by_the_consumer(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    moved = (transfer(number, number, number + 1, 5) for number in range(1, TRANSFERS + 1))
    file.write_bytes(b"\n".join(map(encode, moved)))
    r = random.Random(7)
    with consuming(settings, postgres, graph):
        for _ in range(KILLS):
            import_id = import_file(settings, file)["import_id"]
            assert live(postgres) == TRANSFERS
            with subprocess.Popen(
                [sys.executable, "-m", "app.cli", "import", "undo", import_id],
                env={**os.environ, **environment(settings)},
                stderr=subprocess.DEVNULL,
            ) as child:
                wait_until(
                    lambda: child.poll() is not None or live(postgres) <= TRANSFERS - r.randrange(TRANSFERS)
                )
                child.kill()
            wait_until(lambda: live(postgres) == 0)
    assert pools(postgres) == {}
    project_all_pending(postgres, graph)
    assert is_equal(postgres, graph)


def export(folder: Path, *lines: tuple[int, int, int, int]) -> Path:
    """An export of (hash, block, place, value)."""
    folder.mkdir()
    (folder / "transactions.csv").write_text(
        "hash,nonce,block_number,transaction_index,from_address,to_address,value,block_timestamp,receipt_status\n"
        + "".join(
            f"{HASHES[number]},1,{block},{place},{ALICE},{BOB},{value},1517319693,1\n"
            for number, block, place, value in lines
        )
    )
    return folder


def test_a_block_that_is_imported_again_without_a_transaction_takes_it_back(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    old = export(tmp_path / "old", (0, 5_000_000, 0, 5), (1, 5_000_000, 1, 7), (2, 5_000_001, 0, 11))
    new = export(tmp_path / "new", (0, 5_000_000, 0, 5), (3, 5_000_000, 1, 13))
    part = export(tmp_path / "part", (3, 5_000_000, 1, 13))

    def amounts() -> list[int]:
        found = rows(postgres, "SELECT amount FROM transactions WHERE retracted_batch_id IS NULL")
        return sorted(int(row[0]) for row in found)

    with consuming(settings, postgres, graph):
        assert import_file(settings, old)["gone"] == {"transfers": 0, "blocks": 0}
        assert import_file(settings, part)["gone"]["transfers"] == 0  # a gap: an extract takes nothing back
        checked = answer(settings, "import", "transfers", str(new), "--dry-run")
        assert checked["gone"] == {"transfers": 1, "blocks": 1}
        assert amounts() == [5, 7, 11, 13]
        again = import_file(settings, new)
        assert (again["gone"]["transfers"], again["outcome"]["retractions"]) == (1, 1)
        assert amounts() == [5, 11, 13]
        assert import_file(settings, new)["gone"]["transfers"] == 0
        assert import_file(settings, old)["gone"] == {"transfers": 1, "blocks": 1}
        assert amounts() == [5, 7, 11]
        newest = answer(settings, "imports")["imports"]
        answer(settings, "import", "undo", newest[0]["import_id"])
        assert amounts() == [5, 7, 11]
    project_all_pending(postgres, graph)
    assert is_equal(postgres, graph)
