"""A graph says it carries a label set only while every wallet carries exactly its label of that set."""

import pytest

from app.errors import NotReady
from app.projection.labels import node_labels, project_labels
from app.projection.pending import project_pending
from app.projection.rebuild import rebuild
from app.projection.rows import Page
from app.projection.schema import wipe
from app.projection.state import owned_state, read_state
from app.projection.write import write_wallets
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query, query
from tests.support.builders import CHAIN, address, effective_label
from tests.support.content import graph_label_digest, is_equal
from tests.support.projection_record import add_batch
from tests.support.record import ask, label


def carried(graph: Graph) -> dict[str, tuple[str | None, str, str, int]]:
    return {
        row["address"]: (row["category"], row["label"], row["label_source"], row["label_confidence"])
        for row in graph.read(query("labels/read"))
    }


def carries(graph: Graph, digest: str, watermark: int | None = None) -> bool:
    state = read_state(graph)
    return state is not None and state.carries(digest, watermark)


def drawn(graph: Graph, *numbers: int) -> list[tuple[set[str], str]]:
    """What Neo4j Browser shows of these wallets: the labels of their nodes, and their caption."""
    asked = Query(
        "drawn", "", frozenset({"addresses"}), (), "CYPHER 25 MATCH (w:Wallet) WHERE w.address IN $addresses "
        "RETURN labels(w) AS labels, w.name AS name ORDER BY w.address"
    )  # fmt: skip
    rows = graph.read(asked, {"addresses": [address(number) for number in numbers]})
    return [(set(row["labels"]), row["name"]) for row in rows]


def test_labels_are_projected_changed_and_cleared(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, [(1, 2), (3, 4)])
    project_pending(postgres, graph)
    assert graph_label_digest(graph) is None
    only_named = effective_label(3, None, name="Only a name")
    first = [effective_label(1), effective_label(2), only_named, effective_label(99)]
    project_labels(graph, first, "one")
    assert graph_label_digest(graph) == "one"
    assert carried(graph) == {
        address(1): ("mixer", "A name", "a list", 90),
        address(2): ("mixer", "A name", "a list", 90),
        address(3): (None, "Only a name", "a list", 90),
    }
    project_labels(
        graph, [effective_label(2, None, name="Not a mixer"), effective_label(4), effective_label(1)], "two"
    )
    assert graph_label_digest(graph) == "two"
    assert carried(graph) == {
        address(1): ("mixer", "A name", "a list", 90),
        address(2): (None, "Not a mixer", "a list", 90),
        address(4): ("mixer", "A name", "a list", 90),
    }
    project_labels(graph, [], "none")
    assert (graph_label_digest(graph), carried(graph)) == ("none", {})


def test_neo4j_browser_shows_categories_as_node_labels_and_names_as_captions(
    postgres: Postgres, graph: Graph
) -> None:
    add_batch(postgres, [(1, 2), (3, 4)])
    project_pending(postgres, graph)
    plain = [({"Wallet"}, f"0x0000…000{number}") for number in range(1, 5)]
    assert drawn(graph, 1, 2, 3, 4) == plain
    stolen = effective_label(2, "stolen_funds", name="A thief")
    project_labels(graph, [effective_label(1), stolen, effective_label(3, None, name="Only a name")], "one")
    labelled = [
        ({"Wallet", "Mixer"}, "A name"),
        ({"Wallet", "StolenFunds"}, "A thief"),
        ({"Wallet"}, "Only a name"),
        plain[3],
    ]
    assert drawn(graph, 1, 2, 3, 4) == labelled

    assert is_equal(postgres, graph)
    assert rebuild(postgres, graph, lambda _step, _part: None).equal
    assert drawn(graph, 1, 2, 3, 4) == labelled
    assert is_equal(postgres, graph)

    project_labels(graph, [effective_label(1, "scam", name="Renamed"), effective_label(4)], "two")
    assert drawn(graph, 1, 2, 3, 4) == [
        ({"Wallet", "Scam"}, "Renamed"),
        plain[1],
        plain[2],
        ({"Wallet", "Mixer"}, "A name"),
    ]
    assert is_equal(postgres, graph)


def test_a_node_label_that_somebody_changed_is_put_right(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, [(1, 2)])
    project_pending(postgres, graph)
    project_labels(graph, [effective_label(1)], "one")
    change = "CYPHER 25 MATCH (w:Wallet:Mixer) REMOVE w:Mixer SET w:Exchange"
    graph.write([(Query("change", "", frozenset(), (), change), {})])
    project_labels(graph, [effective_label(1)], "one")
    assert drawn(graph, 1) == [({"Wallet", "Mixer"}, "A name")]


@pytest.mark.parametrize(
    ("category", "names"),
    [("mixer", ["Mixer"]), ("child_abuse_material", ["ChildAbuseMaterial"]), (None, []), ("graph_state", [])],
)
def test_a_category_is_one_node_label(category: str | None, names: list[str]) -> None:
    assert node_labels(category) == names


def test_a_label_of_the_same_address_on_another_chain_is_not_given(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, [(1, 2)])
    project_pending(postgres, graph)
    project_labels(graph, [effective_label(1, chain="bsc")], "one")
    assert carried(graph) == {}


def test_a_wallet_without_a_label_keeps_the_label_set_valid(postgres: Postgres, graph: Graph) -> None:
    project_labels(graph, [], "one")
    label(postgres, 9, "mixer")
    add_batch(postgres, [(1, 2)])
    project_pending(postgres, graph)
    assert graph_label_digest(graph) == "one"


@pytest.mark.parametrize("number", [0, 9])
def test_the_label_set_holds_up_to_the_batch_of_a_new_wallet_that_may_be_labelled(
    postgres: Postgres, graph: Graph, number: int
) -> None:
    label(postgres, 9, "mixer")
    label(postgres, 8, "mixer")
    project_labels(graph, [effective_label(9)], "one")
    unlabelled = add_batch(postgres, [(1, 2)])
    labelled = add_batch(postgres, [(1, number)])
    add_batch(postgres, [(1, 8)])
    project_pending(postgres, graph)
    assert graph_label_digest(graph) is None
    assert (carries(graph, "one", unlabelled), carries(graph, "one", labelled)) == (True, False)
    assert not carries(graph, "two", unlabelled)
    project_labels(graph, [effective_label(9)], "one")
    assert graph_label_digest(graph) == "one"
    assert carries(graph, "one", labelled)


def test_a_writer_that_began_before_the_labels_were_written_invalidates_the_label_set(
    postgres: Postgres, graph: Graph
) -> None:
    state = owned_state(graph, str(ask(postgres, "SELECT record_id FROM record")))
    project_labels(graph, [effective_label(5)], "one")
    columns = {"wallet_id": [5], "chain": [CHAIN], "address": [address(5)], "batch": [3]}
    write_wallets(graph, state, Page(columns | {"may_be_labelled": [False]}, rows=1))
    assert (carries(graph, "one", 2), carries(graph, "one", 3), carries(graph, "one")) == (True, False, False)


def test_while_labels_are_written_another_set_is_not_confirmed_and_the_same_one_stays_so(
    postgres: Postgres, graph: Graph
) -> None:
    label(postgres, 9, "mixer")
    project_labels(graph, [effective_label(9)], "one")
    newcomer = add_batch(postgres, [(1, 9)])
    project_pending(postgres, graph)
    graph.write([(query("labels/begin_write"), {"digest": "one"})])
    assert (carries(graph, "one", newcomer - 1), carries(graph, "one", newcomer)) == (True, False)
    graph.write([(query("labels/begin_write"), {"digest": "two"})])
    assert not carries(graph, "one", newcomer - 1)
    graph.write([(query("labels/begin_write"), {"digest": "one"})])
    assert not carries(graph, "one", newcomer - 1)


def test_labels_of_an_earlier_revision_are_not_confirmed(graph: Graph) -> None:
    (earlier,) = graph.write([(query("labels/begin_write"), {"digest": "one"})])[0]
    graph.write([(query("labels/begin_write"), {"digest": "one"})])
    confirm = {"label_revision": earlier["label_revision"], "digest": "one", "unlabelled_batch": None}
    assert graph.write([(query("labels/confirm_write"), confirm)]) == [[{"confirmed": 0}]]
    assert graph_label_digest(graph) is None


def test_a_graph_that_is_not_prepared_takes_no_labels(graph: Graph) -> None:
    wipe(graph)
    assert graph_label_digest(graph) is None
    with pytest.raises(NotReady):
        project_labels(graph, [], "one")
