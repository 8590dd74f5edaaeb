"""The case of the textbooks: 3 stolen units arrive, then 7 clean ones, then 3 leave. By both engines.

Haircut: what leaves is as stolen as the pool, three tenths, so 0.9 units of the 3. Poison: a single unit is
enough, whatever its share, but it raises the level and has no share and no points of its own.
"""

import pytest

from app.answers.explanation import Explanation
from app.domain import parse_points
from app.explain.explain import explain
from app.projection.pending import project_all_pending
from app.runs.compute import EngineChoice
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, policy, transfer
from tests.support.record import label, score, write

THIEF, EXCHANGE, VICTIM, SHOP, LAST, CLEAN = map(address, range(1, 7))
RULES = "rules:\n"
POISON = (
    f"{RULES}  - name: poison_stolen\n    sentence: Any contact with stolen funds is severe.\n"
    "    when: {direction: source, categories: [stolen_funds]}\n    level_at_least: severe\n"
)


@pytest.fixture(params=["ledger", "cypher"])
def ask(
    request: pytest.FixtureRequest, postgres: Postgres, graph: Graph, settings: Settings
) -> dict[str, Explanation]:
    """What either engine and the paths say of each wallet."""
    engine: EngineChoice = request.param
    label(postgres, THIEF, "stolen_funds")
    label(postgres, EXCHANGE, "exchange")
    write(
        postgres,
        [
            transfer(1, THIEF, VICTIM, 3),
            transfer(2, EXCHANGE, VICTIM, 7),
            transfer(3, VICTIM, SHOP, 3),
            transfer(4, EXCHANGE, SHOP, 1_000_000),
            transfer(5, SHOP, LAST, 1_000),
            transfer(6, EXCHANGE, CLEAN, 5),
        ],
    )
    project_all_pending(postgres, graph)
    score(
        postgres, graph, engine, policy((RULES, POISON), ("floor: {usd: 10, below: 0.2}", "floor: {usd: 0}"))
    )
    return {wallet: explain(postgres, graph, settings, wallet) for wallet in (VICTIM, SHOP, LAST, CLEAN)}


def shares(found: Explanation) -> dict[tuple[str, int], float]:
    return {(part.category, part.hop): part.share for part in found.exposures if part.direction == "source"}


def test_haircut_what_leaves_is_as_stolen_as_the_pool(ask: dict[str, Explanation]) -> None:
    assert shares(ask[VICTIM]) == pytest.approx({("stolen_funds", 1): 0.3, ("exchange", 1): 0.7}, abs=1e-12)
    received = 1_000_003
    assert shares(ask[SHOP]) == pytest.approx(
        {
            ("stolen_funds", 2): 0.9 / received,
            ("exchange", 2): 2.1 / received,
            ("exchange", 1): 1_000_000 / received,
        },
        abs=1e-12,
    )


def test_the_units_of_the_textbook_are_in_the_paths(ask: dict[str, Explanation]) -> None:
    path = next(path for path in ask[VICTIM].paths if path.category == "stolen_funds")
    assert (path.amount_carried, path.label_source, path.label_confidence) == ("3", "a list", 90)
    # Of the 3 that left, 0.9 were stolen: shown as whole base units, and exactly in the share.
    stolen = [part for part in ask[SHOP].exposures if part.category == "stolen_funds"]
    assert [(part.amount, part.share) for part in stolen] == [
        ("1", pytest.approx(0.9 / 1_000_003, abs=1e-15))
    ]


def test_poison_one_unit_is_enough_and_only_the_level_knows(ask: dict[str, Explanation]) -> None:
    for wallet in (VICTIM, SHOP, LAST):
        assert "poison_stolen" in ask[wallet].rules
        assert ask[wallet].risk_level == "severe"
    assert (ask[CLEAN].rules, ask[CLEAN].risk_level) == ([], "low")
    # The score is the haircut's alone: 0.3 x 90 + 0.7 x 0, and next to nothing two transfers on.
    assert ask[VICTIM].score == "27.000000"
    assert ask[LAST].band == "low"
    for found in ask.values():
        assert found.score is not None
        assert sum(parse_points(part.points) for part in found.contributions) == parse_points(found.score)
