"""Small sizes of the benchmarks, so that they work when somebody needs them. Speed is not looked at."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from bench import auto, burst, explain, files, growth, ingest, late, reconcile, scoring, screen, sizes, stores
from bench.grown import continue_ids, following
from bench.ledger import Ledger
from embedded.ports import draw, is_free
from tests.support.builders import policy
from tests.support.environment import API_TOKEN, environment
from tests.support.record import score
from tests.support.servers.choice import Servers


@pytest.fixture(autouse=True)
def _own_environment() -> Iterator[None]:
    """Benchmarks point `AML_*` at their servers; afterwards it is as before."""
    before = os.environ.copy()
    os.environ["AML_FAST_START"] = "1"
    os.environ["AML_EVIDENCE_TIMEOUT_SECONDS"] = "30"  # a busy machine is no finding
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def on_these_servers(
    servers: Servers, settings: Settings, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> Graph:
    """A benchmark starts no servers where the session's are processes that it can measure."""

    @contextmanager
    def these(*_services: str) -> Iterator[dict[str, int]]:
        port = next(port for port in iter(draw, None) if is_free(port))
        own = {
            "AML_API_PORT": str(port),
            "AML_API_TOKEN": API_TOKEN,
            "AML_POSTGRES_ADMIN_URL": servers.postgres_url,
        }
        os.environ.update(environment(settings) | own)
        yield servers.pids

    if servers.pids:
        monkeypatch.setattr(stores, "own_servers", these)
    return graph


def test_the_ledger_of_the_benchmarks_is_one_that_ingestion_would_have_written(postgres: Postgres) -> None:
    ledger = Ledger(postgres, policy())
    ledger.grow(1_500)
    ledger.grow(3_000, hub_every=2)
    run_id = score(postgres)
    found = verify_run(postgres, run_id, lambda _step, _part: None)
    assert found.differences == []
    assert found.transfers > 2_900


def test_scoring_is_measured_size_by_size_with_a_neighbour_count_beside_it() -> None:
    found = scoring.run((1_000, 2_000), sample=5)
    assert [row["transfers"] for row in found["rows"]] == [1_000, 2_000]
    for row in found["rows"]:
        assert row["peak_mib"] > 0
        assert set(scoring.COMPUTE) <= row["steps"].keys()
    plain, hub = (row["networkx"]["wallets_reached"] for row in found["side_by_side"])
    assert hub > plain > 10  # each of five reaches itself, both ways
    assert len(found["targets"]) == 4  # a later run of each size, and two ratios
    assert found["machine"]["cores"]


def test_sizes_are_measured_in_the_record_as_files_and_scored() -> None:
    found = sizes.run((500, 1_000), ("ledger",))
    assert [row["transfers"] for row in found["rows"]] == [500, 1_000]
    for row in found["rows"]:
        assert row["record_mib"] > row["files_mib"] > 0
        assert row["ledger_seconds"] >= row["ledger_tracing_seconds"] > 0
        assert row["ledger_mib"] > 0
    assert found["exponents"]["ledger"] is not None


@pytest.mark.usefixtures("on_these_servers")
def test_explanations_are_measured_without_and_with_a_hub_and_each_adds_up() -> None:
    found = explain.run(3_000, 100, 10, 10)
    assert [row["requests"] for row in found["rows"]] == [10, 10]
    assert [row["status_complete"] for row in found["rows"]] == [10, 10]
    assert found["rows"][1]["transfers"] == 3_400
    assert all(row["paths_listed"] > 0 for row in found["rows"])
    assert len(found["targets"]) == 5


@pytest.mark.usefixtures("on_these_servers")
def test_ingestion_is_measured_alone_end_to_end_and_at_a_steady_rate() -> None:
    found = ingest.run(1_500, rate=100, seconds=2)
    assert min(found["record_alone_per_second"], found["merge_alone_per_second"]) > 0
    assert found["end_to_end_per_second"] > 0
    assert {"decode", "record", "offset_commit", "graph_write"} <= found["step_seconds"].keys()
    latency = found["latency"]
    assert latency["transfers"] == 200
    assert 0 < latency["p50_seconds"] <= latency["p95_seconds"] <= latency["p99_seconds"]
    assert found["consumer_peak_mb"] > 0


def test_transfers_that_follow_a_ledger_are_its_continuation(postgres: Postgres) -> None:
    ledger = Ledger(postgres, policy())
    ledger.grow(1_500)
    postgres.run(continue_ids)
    assert stores.write(postgres, following(ledger, 600)) == 0  # none comes late
    run_id = score(postgres)
    found = verify_run(postgres, run_id, lambda _step, _part: None)
    assert found.differences == []
    assert found.transfers > 2_000


@pytest.mark.usefixtures("on_these_servers")
def test_growth_is_measured_empty_filled_beyond_the_graph_and_empty_again() -> None:
    found = growth.run((0, 1_500, 3_000), sample=600, graph_up_to=1_500)
    assert [row["holds"] for row in found["rows"]] == [0, 1_500, 3_000, 0]
    assert all(row["record_per_second"] > 0 for row in found["rows"])
    assert ["merge_per_second" in row for row in found["rows"]] == [True, True, False, True]
    for row in found["rows"]:
        assert row.get("end_to_end_per_second", 1) > 0
        assert row.get("consumer_peak_mb", 1) > 0


@pytest.mark.usefixtures("on_these_servers")
def test_a_burst_with_huge_messages_is_worked_off() -> None:
    found = burst.run(1_500, huge=2)
    assert (found["stored"], found["huge_messages"]) == (1_500, 2)
    assert found["consumer_peak_mb"] > 0


@pytest.mark.usefixtures("on_these_servers")
def test_comparing_the_stores_is_measured_equal_different_and_mended() -> None:
    found = reconcile.run(1_500)  # raises where it does not find exactly what was changed
    assert min(found[f"{name}_seconds"] for name in ("equal", "one_edge_differs", "one_edge_is_mended")) > 0


@pytest.mark.usefixtures("on_these_servers")
def test_what_auto_chooses_is_measured_with_its_reason() -> None:
    found = auto.run(stories=((1, 1_500),), wallets=(20,), transfers=900)
    assert [row["ledger"] for row in found["rows"]] == ["story of 1,500, seed 1", "random, 20 wallets"]
    assert all("walks" in row["reason"] and row["auto_seconds"] > 0 for row in found["rows"])
    assert found["rows"][1]["engine"] == "ledger"
    assert len(found["targets"]) == 2


@pytest.mark.usefixtures("on_these_servers")
def test_late_transfers_are_measured_together_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LATER": (10, 200), "IMPORTED": 20, "BATCHES": 5}.items():
        monkeypatch.setattr(late, name, value)
    found = late.run()
    for batches in (5, 1):
        imported = found[f"20_in_{batches}_batches_before_200"]
        assert imported["restated_a_batch"] == 200
        assert imported["peak_mb"] > imported["of_it_restating_mb"] >= 0
    assert [found[f"behind_it_{later}"]["restated"] for later in (10, 200)] == [11, 201]


@pytest.mark.usefixtures("on_these_servers")
def test_screenings_are_measured_while_transfers_arrive() -> None:
    found = screen.run(3_000, rate=50, requests=10, deposits=2)
    names = ("plain_row", "known", "never_seen", "deposits")
    assert [found[name]["requests"] for name in names] == [10, 10, 10, 2]
    assert found["batch"]["subjects"] > 10
    assert sum(found["known"]["computed_from"].values()) == 10
    assert found["deposits"]["by_status"] == {"complete": 2}
    assert len(found["targets"]) == 5


@pytest.mark.usefixtures("on_these_servers")
def test_an_import_is_measured_beside_the_consumer() -> None:
    found = files.run(1_500)
    assert (found["lines"], found["transfers"]) == (1_500, 900)
    assert min(found["import_per_second"], found["consumer_per_second"], found["import_peak_mb"]) > 0
    assert len(found["targets"]) == 2
