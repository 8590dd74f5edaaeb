"""A backup of the record is put back, whatever graph and Kafka are then; nothing is lost or doubled."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import InvalidInput, NotFound
from app.operations.backup import MANIFEST_FILE, RECORD_FILE, read_manifest
from app.operations.reconcile import reconcile
from app.operations.reload import reload_graph
from app.projection.pending import project_all_pending
from app.projection.schema import prepare, wipe
from app.projection.state import count
from app.record.identity import record_id
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from embedded.stack import Stack
from ingest.kafka.producer import produce
from tests.support.builders import story
from tests.support.commands import aml
from tests.support.content import is_equal, record_digest
from tests.support.ingesting import await_ingestion, consuming, ingest
from tests.support.record import ask, ignore, score
from tests.support.topics import make_topic_anew

pytestmark = pytest.mark.usefixtures("commands")
EARLY = 500
TRANSFERS = story().transfers


@pytest.fixture
def backup(settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path) -> Path:
    """Of a record with a scoring run and the first transfers."""
    ingest(settings, postgres, graph, TRANSFERS[:EARLY])
    score(postgres, graph)
    aml("backup", tmp_path / "backup")
    return tmp_path / "backup"


@pytest.fixture
def restored(backup: Path, tmp_path: Path) -> Iterator[Postgres]:
    """The record of that backup, on a PostgreSQL of its own."""
    home = tmp_path / "a home"
    aml("restore", backup, "--home", home)
    with Stack(home, ("postgres",)) as stack:
        restored = Postgres(stack.urls.postgres)
        yield restored
        restored.close()


def transfers_of(postgres: Postgres) -> int:
    return int(ask(postgres, "SELECT count(*) FROM transactions"))


def test_a_restored_record_is_the_same_and_a_lost_kafka_is_told(
    settings: Settings, postgres: Postgres, graph: Graph, restored: Postgres
) -> None:
    assert record_digest(restored) == record_digest(postgres)
    assert verify_run(restored, 1, ignore).equal
    make_topic_anew(settings)
    produce(TRANSFERS, settings)  # the source sends all of it again
    with consuming(settings, restored, graph) as alive:
        await_ingestion(settings, restored, graph, alive)
    assert transfers_of(restored) == len(TRANSFERS)
    assert ask(restored, "SELECT sum(duplicates) FROM ingestion_state") == EARLY
    assert ask(restored, "SELECT DISTINCT reason FROM holes") == "topic_made_anew"
    assert reconcile(restored, graph, ignore).equal


def test_an_older_record_beside_a_newer_graph_reads_on_and_the_graph_is_rebuilt(
    settings: Settings, postgres: Postgres, graph: Graph, restored: Postgres
) -> None:
    ingest(settings, postgres, graph, TRANSFERS[EARLY:])
    assert transfers_of(restored) == EARLY
    reload_graph(restored, graph, ignore)
    with consuming(settings, restored, graph) as alive:
        await_ingestion(settings, restored, graph, alive)
    assert transfers_of(restored) == len(TRANSFERS)
    assert ask(restored, "SELECT sum(duplicates) FROM ingestion_state") == 0
    assert ask(restored, "SELECT count(*) FROM holes") == 0
    assert is_equal(restored, graph)


def test_a_newer_record_beside_an_older_graph_catches_up(
    settings: Settings, postgres: Postgres, graph: Graph, restored: Postgres
) -> None:
    ingest(settings, postgres, graph, TRANSFERS[EARLY:])
    wipe(graph)
    prepare(graph, restored.run(record_id))
    project_all_pending(restored, graph)  # the graph as it was
    assert count(graph).transfers == EARLY
    with consuming(settings, postgres, graph) as alive:
        await_ingestion(settings, postgres, graph, alive)
    assert is_equal(postgres, graph)


def test_a_stopped_instance_is_backed_up_with_its_secrets(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AML_POSTGRES_URL")
    home, again = tmp_path / "home", tmp_path / "again"
    aml("restore", backup, "--home", home)
    aml("backup", again, "--home", home)
    assert read_manifest(again).content == read_manifest(backup).content
    assert (again / "secrets.json").read_bytes() == (home / "secrets.json").read_bytes()
    for file in again.iterdir():
        assert file.stat().st_mode & 0o077 == 0 or file.name == MANIFEST_FILE
    twin = tmp_path / "twin"
    aml("restore", again, "--home", twin)
    assert (twin / "secrets.json").read_bytes() == (home / "secrets.json").read_bytes()


def test_what_cannot_be_restored_is_refused(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="is not empty"):
        aml("backup", backup)
    with pytest.raises(InvalidInput, match="is not empty"):
        aml("restore", backup, "--home", backup)
    with pytest.raises(InvalidInput, match="is no backup"):
        aml("restore", tmp_path / "nothing", "--home", tmp_path / "home")
    content = bytearray((backup / RECORD_FILE).read_bytes())
    content[-1] ^= 1
    (backup / RECORD_FILE).write_bytes(content)
    with pytest.raises(InvalidInput, match="is not as it was written"):
        aml("restore", backup, "--home", tmp_path / "home")
    assert not (tmp_path / "home").exists()
    monkeypatch.delenv("AML_POSTGRES_URL")
    with pytest.raises(NotFound, match="There is no instance in"):
        aml("backup", tmp_path / "new", "--home", tmp_path / "home")
