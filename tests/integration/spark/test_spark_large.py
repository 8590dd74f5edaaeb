"""Spark and the ledger engine find the same in a world of planted crimes and in a large record with a hub.

`make test-spark`: AML_SPARK_TRANSFERS says how many transfers the large record has.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.labels.readers.label_csv import read_csv as read_labels
from app.labels.store import import_labels
from app.operations.runs import score as score_by_settings
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from bench.ledger import Ledger
from ingest.files.transfer_csv import read_csv as read_transfers
from tests.support.builders import policy
from tests.support.record import ask, ignore, score, write
from tests.support.spark.runs import assert_equal_runs

TRANSFERS = int(os.environ.get("AML_SPARK_TRANSFERS", "0"))
A_MILLION = 1_000_000
pytestmark = [
    pytest.mark.skipif(find_spec("pyspark") is None, reason="the extra `spark` is not installed"),
    pytest.mark.skipif(not TRANSFERS, reason="takes minutes: `make test-spark`"),
]


def compared(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    """Both engines' runs; few points are rounded otherwise, and all else is equal."""
    by_ledger = score(postgres)
    by_spark = score_by_settings(postgres, graph, settings, "spark", ignore)
    rounded = assert_equal_runs(postgres, by_ledger, by_spark)
    print("points rounded otherwise:", rounded)  # noqa: T201 - each is listed
    points = ask(postgres, "SELECT sum(cardinality(points)) FROM risk_scores WHERE until_run_id IS NULL")
    assert len(rounded) <= 1 + 60 * int(points) / (4 * A_MILLION)


def test_a_world_of_planted_crimes(
    settings: Settings, postgres: Postgres, graph: Graph, shared: Path
) -> None:
    world = shared / "data" / "world"
    transfers = list(read_transfers(world / "transfers.csv.gz"))
    for begin in range(0, len(transfers), 4_000):
        write(postgres, transfers[begin : begin + 4_000], offset=begin)
    import_labels(postgres, list(read_labels(world / "labels.csv")), policy().categories)
    compared(settings, postgres, graph)


def test_a_large_record_with_a_wallet_that_has_a_third_of_all_transfers(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    Ledger(postgres, policy()).grow(TRANSFERS, hub_every=3)
    compared(settings, postgres, graph)
