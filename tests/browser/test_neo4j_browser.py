"""The Neo4j Browser that the embedded Neo4j serves draws the evidence, and opens the guide."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import neo4j
import pytest
from playwright.sync_api import Page, expect

from app.answers.base import WalletName
from app.answers.explanation import Explanation
from app.investigation.browser import guide_url
from app.operations.graph_levels import project_levels
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from embedded.stack import Stack
from tests.support.environment import settings_of
from tests.support.graph import emptied
from tests.support.run_story import ALICE, BOB, tell_project_and_score
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


@pytest.fixture
def guided(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    """The API behind the port at which the Browser asks for its guide and its style at login."""
    tell_project_and_score(postgres, graph)
    project_levels(postgres, graph)
    login = (settings.neo4j_user, settings.neo4j_password.get_secret_value())
    with neo4j.GraphDatabase.driver(settings.neo4j_url, auth=login) as driver:
        (row,) = driver.execute_query("SHOW SETTINGS 'browser.post_connect_cmd' YIELD value").records
    port = urlsplit(row["value"].partition("style ")[2].partition(";")[0]).port
    assert port is not None
    with served(settings.model_copy(update={"api_port": port}), postgres, graph, port=port) as api:
        yield api


def test_a_login_styles_the_graph_opens_the_guide_and_draws_the_promised_transfers_alone(
    settings: Settings, guided: httpx.Client, page: Page, pictures: Path
) -> None:
    found = Explanation.model_validate(guided.get(f"/scores/explain/{BOB}").json())
    on_paths = {step.transaction_hash for path in found.paths for step in path.transfers}
    assert found.evidence_query is not None
    assert found.evidence_query.url is not None
    assert found.evidence_query.transfers == len(on_paths) == 2

    page.goto(found.evidence_query.url)
    connect(page, settings)
    expect(page.get_by_role("heading", name="Follow the money").first).to_be_visible()
    page.get_by_test_id("editor-Run").click()

    expect(page.locator("g.relationship")).to_have_count(2)
    expect(page.locator("g.node")).to_have_count(3)
    expect(page.locator("g.node", has_text="A name")).to_have_count(1)
    # The mixer's own level is its fill, its category the ring; a transfer has one text.
    style = text_of_style(guided)
    assert style.index("node.Mixer {") < style.index("node.RiskHigh {")
    mixer = page.locator("g.node", has_text="A name").locator("circle.b-outline").first
    expect(mixer).to_have_attribute("stroke", "#A34E05")
    expect(page.locator("g.relationship", has_text="USD ETH").first).to_be_visible()
    page.screenshot(path=pictures / "neo4j_browser_evidence.png")


def text_of_style(api: httpx.Client) -> str:
    return api.get("/browser-guide/wallets.grass").raise_for_status().text


def test_auto_completion_is_off_after_a_login(
    settings: Settings, guided: httpx.Client, page: Page, pictures: Path
) -> None:
    assert guided.get("/health").status_code == 200
    assert settings.neo4j_browser_url is not None
    page.goto(settings.neo4j_browser_url)
    connect(page, settings)
    # Two wallets between which the record has a transfer: the answer has none, so none is drawn.
    page.get_by_test_id("editor-Run").wait_for()
    page.locator(".monaco-editor textarea").first.focus()
    page.keyboard.insert_text(f"MATCH (w:Wallet) WHERE w.address IN ['{ALICE}', '{BOB}'] RETURN w")
    page.get_by_test_id("editor-Run").click()
    expect(page.locator("g.node")).to_have_count(2)
    expect(page.locator("g.relationship")).to_have_count(0)
    page.screenshot(path=pictures / "neo4j_browser_login.png")


def test_the_guide_of_a_wallet_fills_the_editor(
    settings: Settings, guided: httpx.Client, page: Page, pictures: Path
) -> None:
    link = guide_url(settings.model_copy(update={"api_port": guided.base_url.port}), WALLET)
    assert link is not None
    page.goto(link)
    connect(page, settings)
    expect(page.get_by_text(f"They are set for the wallet {BOB}").first).to_be_visible()
    page.screenshot(path=pictures / "neo4j_browser_guide.png")
    page.locator("pre.runnable:visible", has_text=":style").first.click()
    page.get_by_test_id("editor-Run").click()
    expect(page.get_by_text("node.Mixer").first).to_be_visible()
