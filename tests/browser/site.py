"""A scored story behind the real application, for the tests that look at its pages."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page
from sqlalchemy import text

from app.alerts.of_run import alert_on_run
from app.alerts.watched import Watch, watch
from app.cli.data import import_story_labels
from app.domain import Transfer
from app.labels.store import LabelRow, import_labels
from app.operations.graph_levels import project_levels
from app.projection.pending import project_all_pending
from app.runs.run import run_scoring
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.web.static_files import is_built
from ingest.kafka.topics import ensure_topics
from tests.support.builders import other_policy, policy, story
from tests.support.environment import API_TOKEN, settings_of
from tests.support.graph import emptied
from tests.support.ingesting import ingest, produce_raw
from tests.support.record import score, write
from tests.support.servers.choice import Servers
from tests.support.servers.databases import Databases
from tests.support.serving import served


@dataclass(frozen=True)
class Site:
    """The pages' address, and the API with its token."""

    url: str
    api: httpx.Client
    settings: Settings
    postgres: Postgres

    def answer(self, path: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - query parameters
        """What the API says."""
        response = self.api.get(path, params=params)
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        return found

    def sign_in(self, page: Page, path: str = "/") -> None:
        """Opens a page as somebody who has not signed in yet."""
        page.goto(self.url + path)
        page.get_by_label("Token").fill(API_TOKEN)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)


@contextmanager
def site(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[Site]:
    """The application over these stores."""
    ensure_topics(settings)
    with served(settings, postgres, graph) as api:
        yield Site(str(api.base_url).rstrip("/"), api, settings, postgres)


@contextmanager
def explorer_site(
    servers: Servers,
    databases: Databases,
    session_graph: Graph,
    transfers: Sequence[Transfer],
    labels: Iterable[LabelRow] = (),
) -> Iterator[Site]:
    """The application over these transfers, scored, with their levels in the graph; nobody signs in."""
    if not is_built():
        pytest.skip("the pages' npm packages are not there: make frontend")
    with databases.record() as postgres:
        settings = settings_of(servers, postgres).model_copy(update={"api_auth": "off", "api_token": None})
        graph = emptied(session_graph, postgres)
        import_labels(postgres, labels, policy().categories)
        write(postgres, transfers)
        project_all_pending(postgres, graph)
        score(postgres, graph, "ledger")
        project_levels(postgres, graph)
        with site(settings, postgres, graph) as found:
            yield found


def tell(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    """The simulator's story and one broken message through Kafka; two runs under two policies, and alerts."""
    ensure_topics(settings)
    produce_raw(settings, [(b"nobody", b'{"this is no JSON')])
    told = story(1, wallets=400)
    ingest(settings, postgres, graph, told.transfers)
    import_story_labels(settings, told)
    score(postgres, graph, policy=other_policy())
    with postgres.transaction() as connection:
        riskiest = connection.execute(_RISKIEST).all()
        watch(
            connection,
            [Watch(row.chain, row.address, "deposit 7", "customer 42", "test") for row in riskiest],
        )
    run_scoring(postgres, graph, policy(), engine="ledger", published=alert_on_run)
    project_levels(postgres, graph)


_RISKIEST = text("""
    SELECT w.chain, w.address FROM risk_scores JOIN wallets w USING (wallet_id)
    ORDER BY score DESC, wallet_id LIMIT 3
""")
