"""Neo4j gone, and Neo4j hanging: facts go on, what the graph owes is kept and told, and it catches up."""

from collections.abc import Iterator

import pytest

from app.api.routes.metrics import Scrape
from app.operations.status import ingestion_status
from app.operations.status_answer import IngestionStatus
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.postgres import Postgres
from ingest.instruments import WAITS
from ingest.kafka.producer import produce
from tests.support.builders import story
from tests.support.content import is_equal
from tests.support.ingesting import await_ingestion, consuming, wait_until
from tests.support.record import ask
from tests.support.servers.proxy import Proxy


@pytest.fixture
def proxy(settings: Settings) -> Iterator[Proxy]:
    proxy = Proxy(settings.neo4j_url)
    yield proxy
    proxy.close()


@pytest.fixture
def far_graph(settings: Settings, proxy: Proxy) -> Iterator[Graph]:
    """A door to the graph whose wire can be cut."""
    door = Graph(proxy.url, settings.neo4j_user, settings.neo4j_password, Work.BATCH)
    yield door
    door.close()


def told(status: IngestionStatus) -> dict[str, float]:
    """The metrics of a status that have no labels."""
    return {
        sample.name: sample.value
        for family in Scrape(status).collect()
        for sample in family.samples
        if not sample.labels
    }


def test_the_graph_is_away_then_hangs_and_the_status_tells_how_far_it_is_behind(
    settings: Settings, postgres: Postgres, graph: Graph, far_graph: Graph, proxy: Proxy
) -> None:
    transfers = story().transfers
    first, second, third = transfers[:500], transfers[500:1_100], transfers[1_100:]
    waits = WAITS.labels("graph")._value.get

    def status() -> IngestionStatus:
        return ingestion_status(settings, postgres, far_graph)

    def recorded(transfers: int) -> bool:
        return bool(ask(postgres, "SELECT count(*) FROM transactions") == transfers)

    produce(first, settings)
    with consuming(settings, postgres, far_graph) as alive:
        await_ingestion(settings, postgres, far_graph, alive)
        assert status().graph.ready
        waited = waits()

        with proxy.cut():
            produce(second, settings)
            wait_until(lambda: recorded(1_100))
            away = status()
            assert "does not answer" in (away.graph.error or "")
            assert (away.graph.ready, away.graph.wallets) == (False, None)
            assert away.graph.behind_transfers >= len(second)
            assert told(away)["aml_graph_up"] == 0
            assert told(away)["aml_graph_behind_transfers"] == away.graph.behind_transfers
            wait_until(lambda: waits() > waited + 1)
            later = status().graph
            assert later.behind_seconds > away.graph.behind_seconds > 0
            assert later.behind_transfers == away.graph.behind_transfers
        await_ingestion(settings, postgres, far_graph, alive)
        back = status()
        assert (back.graph.ready, back.graph.behind_transfers, back.graph.behind_seconds) == (True, 0, 0)
        assert back.graph.transfers == 1_100

        with proxy.silent():
            produce(third, settings)
            wait_until(lambda: recorded(1_500))
            hanging = status()
            assert "does not answer within" in (hanging.graph.error or "")  # the driver has not given up yet
            assert hanging.graph.behind_transfers >= len(third)
            assert told(hanging)["aml_graph_up"] == 0
        await_ingestion(settings, postgres, far_graph, alive)
        assert told(status())["aml_graph_behind_transfers"] == 0
    assert is_equal(postgres, graph)
