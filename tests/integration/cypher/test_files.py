"""Every query of the project is accepted by a real Neo4j, and the path queries prune while they expand."""

import pytest

from app.stores.graph import Graph
from cypher import FOLDER, names, query


@pytest.mark.parametrize("name", names())
def test_neo4j_accepts_the_query(graph: Graph, name: str) -> None:
    assert query(name).text.startswith("CYPHER 25")
    graph.plan(query(name))


@pytest.mark.parametrize("name", ["exposure/source_paths", "exposure/destination_paths"])
def test_path_queries_prune_while_they_expand(graph: Graph, name: str) -> None:
    plan = graph.plan(query(name)).plan
    assert "inlined allReduce()" in str(plan)


@pytest.mark.parametrize("name", names())
def test_a_question_changes_nothing_and_any_other_query_says_what_it_does(graph: Graph, name: str) -> None:
    header = (FOLDER / f"{name}.cypher").read_text().partition(":")[0]
    reads = graph.plan(query(name)).query_type == "r"
    assert header == ("// Question" if reads else "// Does")
