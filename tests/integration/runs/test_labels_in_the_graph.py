"""An explanation stays complete while the wallets that it shows carry the labels of its run."""

from collections.abc import Callable

import pytest

from app.answers.explanation import Explanation
from app.errors import Cancelled
from app.explain.explain import explain
from app.labels.store import remove_labels
from app.operations.reload import reload_graph
from app.projection.pending import project_all_pending
from app.runs.compute import EngineChoice
from app.runs.run import execute_run, start_run
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, policy, transfer
from tests.support.record import ignore, label, score, write

Explain = Callable[[], Explanation]

SCAM, MIDDLE, WALLET, LATER, STRANGER = map(address, range(1, 6))
NOT_OF_THE_RUN = "The labels in the graph are not those of the run. Run scoring again."


@pytest.fixture
def explained(settings: Settings, postgres: Postgres, graph: Graph) -> Explain:
    """A published run whose graph has its labels; explains one of its wallets."""
    label(postgres, SCAM, "scam")
    label(postgres, LATER, "mixer")
    write(postgres, [transfer(10, SCAM, MIDDLE, 100), transfer(20, MIDDLE, WALLET, 60)])
    project_all_pending(postgres, graph)
    score(postgres, graph)
    return lambda: explain(postgres, graph, settings, WALLET)


def same(found: Explanation, before: Explanation) -> None:
    assert before.status == "complete"
    assert before.paths
    assert (found.status, found.incomplete_reasons) == ("complete", [])
    assert (found.paths, found.top_contributing_wallets) == (before.paths, before.top_contributing_wallets)


def test_a_labelled_wallet_that_appears_later_leaves_it_complete(
    explained: Explain, postgres: Postgres, graph: Graph
) -> None:
    before = explained()
    write(postgres, [transfer(30, LATER, WALLET, 1_000)])
    project_all_pending(postgres, graph)
    same(explained(), before)
    write(postgres, [transfer(40, WALLET, STRANGER, 1)])
    project_all_pending(postgres, graph)
    same(explained(), before)
    score(postgres, graph)
    after = explained()
    assert after.status == "complete"
    assert {path.category for path in after.paths} == {"scam", "mixer"}


@pytest.mark.parametrize("reloaded", [False, True])
def test_the_zero_address_of_another_chain_leaves_it_complete(
    explained: Explain, postgres: Postgres, graph: Graph, *, reloaded: bool
) -> None:
    write(postgres, [transfer(25, 0, STRANGER, 7)])
    project_all_pending(postgres, graph)
    score(postgres, graph)
    before = explained()
    write(postgres, [transfer(30, 0, STRANGER, 7, chain="bsc")])
    project_all_pending(postgres, graph)
    if reloaded:
        reload_graph(postgres, graph, ignore)
    same(explained(), before)


@pytest.mark.parametrize("change", ["another label", "no label"])
def test_other_labels_make_it_incomplete_until_a_run_uses_them(
    explained: Explain, postgres: Postgres, graph: Graph, change: str
) -> None:
    if change == "another label":
        label(postgres, MIDDLE, "exchange")
    else:
        remove_labels(postgres, wallet=SCAM)
    seen: list[Explanation] = []

    def look(step: str, _part: float) -> None:
        if step == "publishing":  # the labels of the new run are in the graph, the old run is published
            seen.append(explained())

    run = start_run(postgres, graph, policy(), engine="ledger")
    execute_run(postgres, graph, run, progress=look)
    assert [(each.status, NOT_OF_THE_RUN in each.incomplete_reasons) for each in seen] == [
        ("incomplete", True)
    ]
    assert explained().status == "complete"


def test_a_wallet_of_the_run_that_reaches_the_graph_after_its_labels_makes_it_incomplete(
    explained: Explain, postgres: Postgres, graph: Graph
) -> None:
    write(postgres, [transfer(30, LATER, WALLET, 1_000)])
    score(postgres, graph)  # the ledger engine does not wait for the graph
    project_all_pending(postgres, graph)
    found = explained()
    assert (found.status, found.incomplete_reasons) == ("incomplete", [NOT_OF_THE_RUN])
    score(postgres, graph)
    assert explained().status == "complete"


@pytest.mark.parametrize("engine", ["ledger", "cypher"])
def test_a_run_that_ends_without_results_leaves_the_labels_of_the_published_one(
    explained: Explain, postgres: Postgres, graph: Graph, engine: EngineChoice
) -> None:
    before = explained()
    label(postgres, MIDDLE, "exchange")

    def cancel(step: str, _part: float) -> None:
        if step == "scoring wallets":
            raise Cancelled("A test cancels the run.")

    run = start_run(postgres, graph, policy(), engine=engine)
    with pytest.raises(Cancelled):
        execute_run(postgres, graph, run, progress=cancel)
    same(explained(), before)
