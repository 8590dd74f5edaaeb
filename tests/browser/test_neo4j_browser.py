"""The Neo4j Browser that the embedded Neo4j serves draws the evidence, and opens the guide."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.answers.base import WalletName
from app.answers.explanation import Explanation
from app.investigation.browser import guide_url
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from embedded.stack import Stack
from tests.support.environment import settings_of
from tests.support.graph import emptied
from tests.support.run_story import BOB, tell_project_and_score
from tests.support.servers.choice import Servers
from tests.support.serving import served

WALLET = WalletName(chain="ethereum", address=BOB)


@pytest.fixture(scope="module")
def own(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers with an embedded Neo4j: others bring other versions of Neo4j Browser, with other pages."""
    if servers.kind == "embedded":
        yield servers
        return
    with Stack(tmp_path_factory.mktemp("browser") / "home", services=("neo4j",), durable=False) as stack:
        urls = stack.urls
        yield replace(
            servers,
            neo4j_url=urls.neo4j,
            neo4j_user=urls.neo4j_user,
            neo4j_password=urls.neo4j_password,
            neo4j_browser_url=urls.browser,
        )


@pytest.fixture
def settings(own: Servers, postgres: Postgres) -> Settings:
    return settings_of(own, postgres)


@pytest.fixture
def graph(settings: Settings, postgres: Postgres) -> Iterator[Graph]:
    graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
    yield emptied(graph, postgres)
    graph.close()


def connect(page: Page, settings: Settings) -> None:
    """Signs in to the database; the Browser knows where it is."""
    page.get_by_test_id("username").fill(settings.neo4j_user)
    page.get_by_test_id("password").fill(settings.neo4j_password.get_secret_value())
    page.get_by_test_id("connect").click()
    expect(page.get_by_text("You are connected as user")).to_be_visible()


def test_the_link_of_an_explanation_draws_exactly_its_transfers(
    settings: Settings, postgres: Postgres, graph: Graph, page: Page, pictures: Path
) -> None:
    tell_project_and_score(postgres, graph)
    with served(settings, postgres, graph) as api:
        found = Explanation.model_validate(api.get(f"/scores/explain/{BOB}").json())
    on_paths = {step.transaction_hash for path in found.paths for step in path.transfers}
    assert found.evidence_query is not None
    assert found.evidence_query.url is not None
    assert found.evidence_query.transfers == len(on_paths) == 2

    page.goto(found.evidence_query.url)
    connect(page, settings)
    page.get_by_test_id("editor-Run").click()

    expect(page.locator("g.relationship")).to_have_count(2)
    expect(page.locator("g.node")).to_have_count(3)
    # The name of a label is the caption, its category the colour: both in the default view.
    expect(page.locator("g.node", has_text="A name")).to_have_count(1)
    expect(page.get_by_text("Mixer (1)")).to_be_visible()
    page.screenshot(path=pictures / "neo4j_browser_evidence.png")


def test_the_guide_opens_beside_the_editor_and_fills_it(
    settings: Settings, postgres: Postgres, graph: Graph, page: Page, pictures: Path
) -> None:
    tell_project_and_score(postgres, graph)
    with served(settings, postgres, graph) as api:
        here = settings.model_copy(update={"api_port": api.base_url.port})
        link = guide_url(here, WALLET)
        assert link is not None
        page.goto(link)
        expect(page.get_by_role("heading", name="Follow the money").first).to_be_visible()
        connect(page, settings)
        page.locator("pre", has_text=":style").click()
        page.get_by_test_id("editor-Run").click()
        expect(page.get_by_text("node.Mixer").first).to_be_visible()
        page.get_by_role("button", name="Next").click()
        for box in page.locator("slide pre, pre.runnable").all()[:2]:
            box.click()
            page.get_by_test_id("editor-Run").click()
        expect(page.locator("g.relationship")).not_to_have_count(0)
        page.screenshot(path=pictures / "neo4j_browser_guide.png")
