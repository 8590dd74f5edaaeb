"""A real, expert-traced hack: exposures equal an independent 80-digit calculation, by both engines."""

from collections import defaultdict

from app.explain.export import exposure_rows
from app.labels.store import import_labels
from app.runs.run import run_scoring
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import four_hops
from tests.support.hack import Cell, Hack
from tests.support.ingesting import ingest

TOLERANCE = 1e-9  # of the wallet's total


def computed_shares(postgres: Postgres, run_id: int) -> dict[Cell, float]:
    with postgres.transaction() as connection:
        return {
            (address, direction, category, str(hop)): share
            for _, _, address, direction, category, hop, _, share in exposure_rows(connection, run_id)
        }


def test_both_engines_equal_the_expected_exposures(
    hack: Hack, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ingest(settings, postgres, graph, hack.transfers())
    policy = four_hops()  # as the expected figures are
    import_labels(postgres, hack.labels(), policy.categories)
    expected = hack.expected_shares()

    for engine in ("cypher", "ledger"):
        run_id = run_scoring(postgres, graph, policy, engine=engine)
        found = computed_shares(postgres, run_id)
        differences = {
            cell: (found.get(cell, 0.0), expected.get(cell, 0.0))
            for cell in found.keys() | expected.keys()
            if abs(found.get(cell, 0.0) - expected.get(cell, 0.0)) > TOLERANCE
        }
        assert not differences, engine
        totals: dict[tuple[str, str], float] = defaultdict(float)
        for (address, direction, _, _), share in found.items():
            totals[address, direction] += share
        assert all(abs(total - 1) < TOLERANCE for total in totals.values()), engine
