"""The simulator's story from Kafka to explained scores: engines agree, parts add up, the truth is found."""

from collections import defaultdict
from decimal import Decimal

import pytest

from app.cli.data import import_story_labels
from app.explain.explain import explain
from app.explain.export import exposure_rows
from app.policy.policy import load_policy
from app.runs.board.listing import top_scores
from app.runs.run import run_scoring
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.simulator.story import Story
from tests.support.builders import story
from tests.support.ingesting import ingest

Cell = tuple[str, str, str, str, str | int]


def simulated() -> Story:
    return story(11, wallets=2_700, transfers=6_600)


@pytest.fixture
def scored(settings: Settings, postgres: Postgres, graph: Graph) -> Story:
    ingest(settings, postgres, graph, simulated().transfers)
    import_story_labels(settings, simulated())
    return simulated()


def exposures(postgres: Postgres, run_id: int) -> dict[Cell, float]:
    with postgres.transaction() as connection:
        return {
            (asset, address, direction, category, hop): share
            for _, asset, address, direction, category, hop, _, share in exposure_rows(connection, run_id)
        }


def test_the_story_has_what_is_hard() -> None:
    wallets = {w for t in simulated().transfers for w in (t.sender, t.receiver)}
    assert len(wallets) >= 2_000
    assert len({t.asset for t in simulated().transfers}) >= 3
    assert any(t.sender == t.receiver for t in simulated().transfers)
    assert any(t.amount == 0 for t in simulated().transfers)
    assert {"cycle", "peel_chain"} <= {shape["kind"] for shape in simulated().truth["shapes"]}


def test_both_engines_agree_on_every_wallet_and_find_the_truth(
    scored: Story, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    policy = load_policy(settings.policy_file)
    runs = {engine: run_scoring(postgres, graph, policy, engine=engine) for engine in ("cypher", "ledger")}
    by_paths, by_ledger = (exposures(postgres, run_id) for run_id in runs.values())
    for cell in by_paths.keys() | by_ledger.keys():
        assert by_paths.get(cell, 0.0) == pytest.approx(by_ledger.get(cell, 0.0), abs=1e-9), cell
    totals: dict[tuple[str, str, str], float] = defaultdict(float)
    for (asset, address, direction, _, _), share in by_paths.items():
        totals[asset, address, direction] += share
    assert all(total == pytest.approx(1, abs=1e-9) for total in totals.values())
    for shape in scored.truth["shapes"]:
        for fact in shape["expected"]:
            cell = (fact["asset"], fact["wallet"], fact["direction"], fact["category"], fact["hop"])
            assert by_ledger.get(cell, 0.0) > 0, shape["statement"]
            if fact["share"] is not None:
                assert by_ledger[cell] == pytest.approx(float(fact["share"]), abs=1e-9), shape["statement"]

    with postgres.transaction() as connection:
        top = top_scores(connection, 100, None).scores
    for ranked in top:
        explanation = explain(postgres, graph, settings, f"{ranked.wallet.chain}:{ranked.wallet.address}")
        assert explanation.score == ranked.score
        assert sum(Decimal(part.points) for part in explanation.contributions) == Decimal(ranked.score)
        assert explanation.status == "complete", explanation.incomplete_reasons
