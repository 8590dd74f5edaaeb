"""What comparing the graph with the record costs: equal, with one edge that differs, and mending it."""

import time
from typing import Any

from app.operations.reconcile import reconcile
from app.projection.pending import project_all_pending
from bench.machine import machine
from bench.stores import stores, story, write
from cypher import Query

_CHANGE = Query(
    "bench/change",
    "",
    frozenset(),
    (),
    "CYPHER 25 MATCH ()-[t:TRANSFER {transfer_id: 7}]->() SET t.send_share = 0.123",
)


def run(transfers: int) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary."""
    figures: dict[str, Any] = {"machine": machine(), "transfers": transfers}
    with stores() as s:
        write(s.postgres, story(transfers))
        began = time.perf_counter()
        project_all_pending(s.postgres, s.graph)
        figures["projecting_it_all_seconds"] = round(time.perf_counter() - began, 1)

        def compare(name: str, *, repair: bool, expected: int) -> None:
            report = reconcile(s.postgres, s.graph, lambda _step, _part: None, repair=repair)
            if report.differences != expected:
                raise RuntimeError(f"{report.differences} differences found, {expected} made")
            figures[f"{name}_seconds"] = report.seconds

        compare("first_comparison", repair=False, expected=0)
        compare("equal", repair=False, expected=0)
        s.graph.write([(_CHANGE, {})])
        compare("one_edge_differs", repair=False, expected=1)
        compare("one_edge_is_mended", repair=True, expected=1)
    figures["equal_of_projecting"] = round(figures["equal_seconds"] / figures["projecting_it_all_seconds"], 2)
    return figures
