"""The record as files: brought up to date, killed, damaged, and read into another record."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from app.errors import InvalidInput, NotFound, Unequal
from app.projection.pending import project_all_pending
from app.record_files import export, moment
from app.record_files.export import Exported, export_record
from app.record_files.load import check_record, import_record
from app.record_files.manifest import MANIFEST_FILE, read_manifest
from app.record_files.tables import TABLES
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from tests.support.builders import story, transfer
from tests.support.commands import aml, aml_json
from tests.support.content import is_equal, record_digest
from tests.support.environment import environment
from tests.support.graph import emptied
from tests.support.histories.random_history import history
from tests.support.histories.written_again import write_again
from tests.support.record import ask, change, ignore, label, rows, score, write
from tests.support.run_story import ALICE, BOB, CAROL
from tests.support.servers.databases import Databases

KILLS = int(os.environ.get("AML_EXPORT_KILLS", "5"))
EVENTS = 1_200


@pytest.fixture
def other(databases: Databases) -> Iterator[Postgres]:
    """Another empty record."""
    with databases.record() as postgres:
        yield postgres


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hundred transfers a file."""
    monkeypatch.setattr(moment, "ROWS_A_FILE", 100)
    monkeypatch.setattr(moment, "_FEWEST_BLOCKS", 1)


def full_record(postgres: Postgres) -> None:
    """A random history with retractions and dead letters, and every other table filled, with odd texts."""
    for batch in history(5, EVENTS):
        write_again(postgres, batch)
    label(postgres, ALICE, "scam", name='a "name", with\nlines\tand \\N', source="list: é")
    label(postgres, BOB, None, name="only, named", confidence=5)
    with postgres.transaction() as connection:
        for statement in (
            """INSERT INTO prices (chain, asset, day, price, source)
            VALUES ('ethereum', 'ETH', '2023-05-02', 1850.10, 's')""",
            """INSERT INTO registered_assets (chain, asset, source, symbol, known)
            VALUES ('ethereum', 'ETH', 's', '', true)""",
            """INSERT INTO label_lists (source, origin, digest, entries, is_listing, recorded_at, checked_at)
            VALUES ('s', 'o', 'd', 1, true, now(), now())""",
            "INSERT INTO imports (import_id, offsets) VALUES ('0a', '{\"0\": 5}')",
            "INSERT INTO import_words VALUES (1, 1, NULL)",
            """INSERT INTO dead_letters (topic, partition, "offset", reason, detail, payload, payload_bytes)
            VALUES ('t', 0, 99, 'empty', '', '\\x00ff0a', 3)""",
        ):
            connection.execute(text(statement))


def exported(postgres: Postgres, folder: Path) -> Exported:
    result = export_record(postgres, folder, ignore)
    check_record(folder, ignore)
    assert read_manifest(folder) == result.manifest
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.parquet*")} == {
        part.file for part in result.manifest.parts
    }
    return result


def content(postgres: Postgres) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, without what is of the graph."""
    found = {}
    for table in TABLES.values():
        for name in table.targets:
            row = f"(to_jsonb({name}.*) - 'projected_at')::text"
            found[name] = rows(postgres, f"SELECT {row} FROM {name} ORDER BY 1")  # noqa: S608
    return found


@pytest.mark.usefixtures("small_files")
def test_an_empty_record_becomes_the_one_that_was_exported(
    postgres: Postgres, other: Postgres, session_graph: Graph, tmp_path: Path
) -> None:
    full_record(postgres)
    first = exported(postgres, tmp_path / "record")
    assert {part.table for part in first.manifest.parts} >= {
        "transfers", "batches", "wallets", "pools", "assets", "labels", "prices", "registered_assets",
        "retractions", "dead_letters", "imports", "import_words",
    }  # fmt: skip
    assert len(first.manifest.of("transfers")) > 5
    loaded = import_record(other, tmp_path / "record", ignore)
    assert loaded.left_out == ()
    assert content(other) == content(postgres)
    assert record_digest(other) == record_digest(postgres)
    # Both go on alike: the next batch, labels and runs.
    for record in (postgres, other):
        write(record, [transfer(9_000_000, CAROL, ALICE, 7)], offset=10**6)
        label(record, CAROL, "mixer")
        assert verify_run(record, score(record), ignore).equal
    assert record_digest(other) == record_digest(
        postgres
    )  # numbers may have gaps; what they stand for is equal
    graph = emptied(session_graph, other)
    project_all_pending(other, graph)
    assert is_equal(other, graph)


@pytest.mark.usefixtures("small_files")
def test_the_next_export_writes_what_has_changed(postgres: Postgres, other: Postgres, tmp_path: Path) -> None:
    batches = list(history(6, EVENTS))
    half = len(batches) // 2
    for batch in batches[:half]:
        write_again(postgres, batch)
    folder = tmp_path / "record"
    first = exported(postgres, folder)
    again = exported(postgres, folder)
    assert (again.files_written, again.files_kept) == (0, len(first.manifest.parts))
    for batch in batches[half:]:  # also late transfers and retractions, which restate earlier ones
        write_again(postgres, batch)
    second = exported(postgres, folder)
    assert second.files_written > 0
    assert second.manifest.watermark > first.manifest.watermark
    change(
        postgres, "UPDATE transactions SET last_observed_at = now() WHERE transfer_id = 1"
    )  # no batch does that
    third = exported(postgres, folder)
    assert third.files_written == 1
    import_record(other, folder, ignore)
    assert content(other) == content(postgres)


def test_a_changed_byte_is_named_and_nothing_is_imported(
    postgres: Postgres, other: Postgres, tmp_path: Path
) -> None:
    full_record(postgres)
    folder = tmp_path / "record"
    exported(postgres, folder)
    r = random.Random(1)
    for path in [*sorted(folder.rglob("*.parquet")), folder / MANIFEST_FILE]:
        whole = path.read_bytes()
        at = r.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(InvalidInput, match=path.name):
            import_record(other, folder, ignore)
        path.write_bytes(whole)
    (folder / read_manifest(folder).parts[0].file).unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        check_record(folder, ignore)
    assert ask(other, "SELECT count(*) FROM transactions") == 0


def test_files_that_are_not_what_the_manifest_says_leave_no_trace(
    postgres: Postgres, other: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and manifest that agree with each other, but not with the digest of the rows."""
    full_record(postgres)
    monkeypatch.setattr(
        export, "select_parts", lambda table: export_select(table).replace('"confidence"', "7")
    )
    export_record(postgres, tmp_path / "record", ignore)
    with pytest.raises(Unequal, match="labels"):
        import_record(other, tmp_path / "record", ignore)
    assert ask(other, "SELECT count(*) FROM transactions") == 0


export_select = export.select_parts


def test_only_an_empty_record_takes_files(postgres: Postgres, other: Postgres, tmp_path: Path) -> None:
    write(postgres, [transfer(1, ALICE, BOB, 5)])
    exported(postgres, tmp_path / "record")
    label(other, ALICE, "scam")
    with pytest.raises(InvalidInput, match="it has labels"):
        import_record(other, tmp_path / "record", ignore)
    with pytest.raises(NotFound, match="aml export record"):
        import_record(other, tmp_path, ignore)


def test_a_record_that_reads_a_kafka_of_its_own_keeps_its_offsets(
    postgres: Postgres, other: Postgres, tmp_path: Path
) -> None:
    write(postgres, [transfer(1, ALICE, BOB, 5)])
    exported(postgres, tmp_path / "record")
    change(
        other,
        "INSERT INTO ingestion_state"
        " (topic, partition, next_offset, consumed, stored, duplicates, dead, topic_id)"
        " VALUES ('mine', 0, 0, 0, 0, 0, 0, 'x')",
    )
    assert "ingestion_state" in import_record(other, tmp_path / "record", ignore).left_out
    assert rows(other, "SELECT topic, next_offset FROM ingestion_state") == [("mine", 0)]


def test_a_folder_is_of_one_record_and_of_nothing_else(
    postgres: Postgres, other: Postgres, tmp_path: Path
) -> None:
    folder = tmp_path / "record"
    exported(postgres, folder)
    change(other, "UPDATE record SET record_id = gen_random_uuid()")
    with pytest.raises(InvalidInput, match="another record"):
        export_record(other, folder, ignore)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("keep")
    with pytest.raises(InvalidInput, match=r"mine\.txt"):
        export_record(postgres, tmp_path / "notes", ignore)


@pytest.mark.usefixtures("commands")
def test_the_commands_say_what_they_did(postgres: Postgres, tmp_path: Path) -> None:
    write(postgres, [transfer(1, ALICE, BOB, 5, usd_value=Decimal("1.50"))])
    said = aml("export", "record", tmp_path / "r")
    assert "1 transfers up to batch" in said
    answer = aml_json("import", "record", tmp_path / "r", "--check")
    assert answer["rows"]["transfers"] == 1
    assert answer["digests"]["transfers"] == 1


@pytest.mark.usefixtures("commands")
def test_an_export_that_is_killed_leaves_the_manifest_before_and_the_next_is_whole(
    settings: Settings, postgres: Postgres, other: Postgres, tmp_path: Path
) -> None:
    folder = tmp_path / "record"
    transfers = story(transfers=3_000).transfers
    step = len(transfers) // (KILLS + 1)
    write(postgres, transfers[:step])
    exported(postgres, folder)
    command = [sys.executable, "-m", "app.cli", "export", "record", str(folder)]
    r = random.Random(2)
    began = time.monotonic()
    subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **environment(settings)}, check=True, capture_output=True
    )
    whole = time.monotonic() - began
    killed = 0
    for number in range(1, KILLS + 1):
        write(postgres, transfers[number * step : (number + 1) * step], offset=number * step)
        before = read_manifest(folder)
        child = subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **environment(settings)}, stdout=subprocess.DEVNULL
        )
        time.sleep(whole * (0.5 + 0.6 * r.random()))
        child.kill()
        killed += child.wait() < 0
        after = read_manifest(folder)
        check_record(folder, ignore)
        newest = ask(postgres, "SELECT max(batch_id) FROM batches")
        assert after == before or after.watermark == newest > before.watermark
    assert killed > 0
    exported(postgres, folder)
    import_record(other, folder, ignore)
    assert record_digest(other) == record_digest(postgres)
