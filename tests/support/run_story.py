"""A small record to run on: a mixer pays Alice, she pays Bob half of it, Bob pays Carol without a price."""

from app.projection.pending import project_all_pending
from app.runs.compute import EngineChoice
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, transfer
from tests.support.record import label, score, write

MIXER, ALICE, BOB, CAROL, DAVE = map(address, range(1, 6))
STORY = (
    transfer(10, MIXER, ALICE, 100),
    transfer(20, ALICE, BOB, 50),
    transfer(30, BOB, CAROL, 60, usd_value=None),
    transfer(40, DAVE, DAVE, 9),
    transfer(50, CAROL, BOB, 0),
)


def tell_story(postgres: Postgres) -> None:
    """Writes the story; Dave only pays himself."""
    label(postgres, MIXER, "mixer")
    write(postgres, STORY)


def tell_project_and_score(postgres: Postgres, graph: Graph, engine: EngineChoice = "cypher") -> int:
    """The story in both stores, and a published run of it."""
    tell_story(postgres)
    project_all_pending(postgres, graph)
    return score(postgres, graph, engine)
