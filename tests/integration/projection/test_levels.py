"""The published run on the graph's wallets: written in pages, and only what changed; after a crash wholly."""

import pytest

from app.domain import Progress
from app.operations import graph_levels
from app.operations.graph_levels import level_differences, project_levels
from app.operations.reconcile import reconcile
from app.operations.reload import reload_graph
from app.projection import levels
from app.projection.pending import project_all_pending
from app.projection.state import read_state
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query
from tests.support.builders import address, transfer
from tests.support.graph import spoil
from tests.support.record import ignore, label, score, write

THIEF, PAYEE, OTHER = 1, 2, 3
_PROGRESS: Progress = ignore


NODE = Query(
    "test/node",
    "",
    frozenset({"address"}),
    (),
    "CYPHER 25 MATCH (w:Wallet {address: $address}) RETURN w.risk_level AS risk_level, w.flags AS flags,"
    " w.caption AS caption, [l IN labels(w) WHERE l STARTS WITH 'Risk'] AS node_labels",
)


def node(graph: Graph, wallet: int) -> dict[str, object]:
    return graph.read(NODE, {"address": address(wallet)})[0]


def short(wallet: int) -> str:
    return f"{address(wallet)[:6]}…{address(wallet)[-4:]}"


@pytest.fixture
def told(postgres: Postgres, graph: Graph) -> int:
    """A thief pays one wallet, a stranger another; scored, and in the graph without levels."""
    label(postgres, THIEF, "stolen_funds", name="A thief", confidence=100)
    write(postgres, [transfer(10, THIEF, PAYEE, 50_000), transfer(20, 9, OTHER, 7)])
    project_all_pending(postgres, graph)
    return score(postgres, graph)


def test_levels_flags_and_captions_are_those_of_the_published_run(
    postgres: Postgres, graph: Graph, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_levels, "PAGE_ROWS", 2)
    assert node(graph, OTHER) == {
        "risk_level": None,
        "flags": None,
        "caption": short(OTHER),
        "node_labels": [],
    }
    assert level_differences(postgres, graph) is None
    assert project_levels(postgres, graph) == told
    assert node(graph, THIEF)["caption"] == f"A thief ({short(THIEF)})"
    payee = node(graph, PAYEE)
    assert payee["risk_level"] in {"high", "severe"}
    assert payee["node_labels"] == [f"Risk{str(payee['risk_level']).capitalize()}"]
    assert node(graph, OTHER)["risk_level"] == "unrated"
    assert level_differences(postgres, graph) == []
    report = reconcile(postgres, graph, _PROGRESS)
    assert (report.equal, report.level_comparison, report.foreign.wallets) == (True, "compared", 0)


@pytest.mark.usefixtures("told")
def test_another_run_changes_what_changed(postgres: Postgres, graph: Graph) -> None:
    project_levels(postgres, graph)
    label(postgres, THIEF, "exchange", name="Not a thief", confidence=100, source="better")
    label(postgres, OTHER, None, name="Only a name")
    second = score(postgres, graph)
    spoil(graph, f"MATCH (w:Wallet {{address: '{address(9)}'}}) SET w.caption = 'kept'")  # of the same row
    assert project_levels(postgres, graph) == second
    assert node(graph, 9)["caption"] == "kept"
    assert node(graph, OTHER)["caption"] == f"Only a name ({short(OTHER)})"
    assert project_levels(postgres, graph) == second
    found = level_differences(postgres, graph)
    assert found is not None
    assert [(each.kind, each.name) for each in found] == [("levels", f"ethereum:{address(9)}")]
    assert not reconcile(postgres, graph, _PROGRESS).equal
    assert reconcile(postgres, graph, _PROGRESS, repair=True).equal
    assert node(graph, 9)["caption"] == short(9)


def test_whoever_dies_in_between_leaves_a_graph_that_says_so(
    postgres: Postgres, graph: Graph, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_levels, "PAGE_ROWS", 1)

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project_levels(postgres, graph, between_pages=killed)
    state = read_state(graph)
    assert state is not None
    assert state.levels_run_id is None
    assert level_differences(postgres, graph) is None
    assert project_levels(postgres, graph) == told
    assert level_differences(postgres, graph) == []


@pytest.mark.usefixtures("told")
def test_a_run_that_saw_more_than_the_graph_has_waits(postgres: Postgres, graph: Graph) -> None:
    write(postgres, [transfer(30, THIEF, 40, 5)], offset=10)
    second = score(postgres)
    assert project_levels(postgres, graph) is None
    project_all_pending(postgres, graph)
    assert project_levels(postgres, graph) == second
    assert node(graph, 40)["risk_level"] is not None


@pytest.mark.usefixtures("told")
def test_a_reload_writes_them(postgres: Postgres, graph: Graph) -> None:
    assert reload_graph(postgres, graph, _PROGRESS, from_empty=True).equal
    assert level_differences(postgres, graph) == []
    assert node(graph, PAYEE)["node_labels"] != []
    assert levels.caption_of(None, address(5)) == short(5)
