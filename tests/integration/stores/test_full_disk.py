"""Before a disk is full ingestion pauses, says so, keeps its place, and goes on by itself."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.api.routes.metrics import Scrape
from app.cli.output.status_tables import ingestion_table
from app.operations.status import ingestion_status
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.instruments import PARTITIONS
from ingest.kafka.producer import produce
from tests.support.builders import story
from tests.support.content import is_equal
from tests.support.ingesting import await_ingestion, consuming, wait_until
from tests.support.record import ask
from tests.support.serving import served

MEGABYTE = 1 << 20
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of its own is used
FULL = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = '53100';
    END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON batches EXECUTE FUNCTION full_disk();
"""


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder on a file system in memory."""
    if shutil.disk_usage(IN_MEMORY).free < 48 * MEGABYTE:
        pytest.skip(f"{IN_MEMORY} is too small")
    with TemporaryDirectory(dir=IN_MEMORY) as folder:
        yield Path(folder)


@contextmanager
def filled(folder: Path, megabytes: int) -> Iterator[None]:
    """Takes so much space inside the block."""
    file = folder / "filler"
    with file.open("wb") as out:
        os.posix_fallocate(out.fileno(), 0, megabytes * MEGABYTE)
    try:
        yield
    finally:
        file.unlink()


def short_of_space(settings: Settings, folder: Path) -> Settings:
    """Settings under which 32 MB less are too little."""
    free = shutil.disk_usage(folder).free // MEGABYTE
    return settings.model_copy(update={"data_folders": str(folder), "min_free_disk_mb": free - 16})


def transfers_of(postgres: Postgres) -> int:
    return int(ask(postgres, "SELECT count(*) FROM transactions"))


def test_ingestion_pauses_below_the_free_space_and_goes_on_by_itself(
    settings: Settings,
    postgres: Postgres,
    graph: Graph,
    disk: Path,
) -> None:
    transfers = story().transfers
    settings = short_of_space(settings, disk)
    produce(transfers[:500], settings)
    with (
        served(settings, postgres, graph) as client,
        capture_logs() as logs,
        consuming(settings, postgres, graph) as alive,
    ):
        await_ingestion(settings, postgres, graph, alive)
        with filled(disk, 32):
            wait_until(lambda: any(each["event"] == "ingestion_paused" for each in logs))
            produce(transfers[500:], settings)
            status = ingestion_status(settings, postgres, graph)
            wait_until(lambda: ingestion_status(settings, postgres, graph).lag == len(transfers) - 500)
            assert transfers_of(postgres) == 500
            assert PARTITIONS._value.get() == settings.topic_partitions  # it is still in its group
            ready = client.get("/ready")
            assert ready.status_code == 200
            assert "AML_MIN_FREE_DISK_MB" in ready.json()["disk_alarm"]["text"]
            assert str(disk) not in ready.text  # anybody may ask
            assert status.disk_alarm is not None
            assert status.disk_alarm.free_bytes < status.disk_alarm.needed_bytes
            assert 'data-disk="' in client.get("/ingestion").text
            told = {each.name: each.samples[0].value for each in Scrape(status).collect() if each.samples}
            assert told["aml_disk_alarm"] == 1
            assert "DISK" in list(ingestion_table(status).columns[0].cells)
        await_ingestion(settings, postgres, graph, alive)
        assert [each["event"] for each in logs if "ingestion_" in each["event"]][-1] == "ingestion_resumed"
    assert transfers_of(postgres) == len(transfers)
    assert ingestion_status(settings, postgres, graph).disk_alarm is None
    assert ask(postgres, "SELECT sum(duplicates) FROM ingestion_state") == 0
    assert is_equal(postgres, graph)


def test_a_full_disk_of_postgres_ends_nothing(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    transfers = story().transfers
    produce(transfers[:500], settings)
    with capture_logs() as logs, consuming(settings, postgres, graph) as alive:
        await_ingestion(settings, postgres, graph, alive)
        with postgres.transaction() as connection:
            connection.execute(text(FULL))
        produce(transfers[500:], settings)
        wait_until(lambda: not alive() or any(each["event"] == "ingestion_paused" for each in logs))
        assert alive()
        (reason,) = {each["reason"] for each in logs if each["event"] == "ingestion_paused"}
        assert reason.startswith("The disk of PostgreSQL at")
        assert "is full: could not extend file" in reason
        assert transfers_of(postgres) == 500
        assert PARTITIONS._value.get() == settings.topic_partitions
        with postgres.transaction() as connection:
            connection.execute(text("DROP TRIGGER full_disk ON batches"))
        await_ingestion(settings, postgres, graph, alive)
    assert transfers_of(postgres) == len(transfers)
    assert ask(postgres, "SELECT sum(duplicates) + sum(dead) FROM ingestion_state") == 0
    assert is_equal(postgres, graph)
