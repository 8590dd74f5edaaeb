"""Who sees the pages: a session that stands for the token, and what it may not do."""

from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import Response

from app.api.sessions import begin_session
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.environment import API_TOKEN
from tests.support.serving import served

BROWSER = {"Accept": "text/html", "Authorization": ""}


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    """A browser: it says what it shows, keeps cookies and knows no header with the token."""
    with served(settings, postgres, graph) as client:
        client.headers = httpx.Headers(BROWSER)
        yield client


def own(client: httpx.Client) -> dict[str, str]:
    return {"Origin": str(client.base_url).rstrip("/")}


def sign_in(client: httpx.Client, token: str = API_TOKEN, back: str = "/") -> httpx.Response:
    return client.post("/sign-in", data={"token": token, "next": back}, headers=own(client))


def test_a_page_asks_to_sign_in_and_comes_back(client: httpx.Client) -> None:
    asked = client.get("/?level=high")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2F%3Flevel%3Dhigh")
    form = client.get(asked.headers["location"])
    assert (form.status_code, 'value="/?level=high"' in form.text) == (200, True)
    refused = sign_in(client, "another token")
    assert (refused.status_code, "This token is not valid" in refused.text) == (401, True)
    assert "set-cookie" not in refused.headers
    entered = sign_in(client, back="/?level=high")
    assert (entered.status_code, entered.headers["location"]) == (303, "/?level=high")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert API_TOKEN not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/v1/runs", headers={"Accept": "application/json"}).json()["runs"] == []


def test_a_session_starts_nothing_for_whoever_does_not_say_where_he_is(client: httpx.Client) -> None:
    sign_in(client)
    assert client.post("/reload-graph", headers={"Accept": "*/*"}).status_code == 403
    assert client.post("/reload-graph", headers={"Origin": "http://127.0.0.1:1"}).status_code == 403
    assert client.post("/v1/nothing", headers=own(client)).status_code == 404


def test_sessions_end_with_signing_out_and_with_another_token(
    client: httpx.Client, settings: Settings
) -> None:
    other = Response()
    begin_session(other, settings.model_copy(update={"api_token": SecretStr("another token")}), secure=False)
    forged = other.headers["set-cookie"].split(";")[0].split("=", 1)[1]
    name = sign_in(client).headers["set-cookie"].split("=", 1)[0]
    assert client.get("/").status_code == 200
    client.cookies.clear()
    client.cookies.set(name, forged)
    assert client.get("/").status_code == 303
    client.cookies.clear()
    sign_in(client)
    assert client.get("/").status_code == 200
    assert client.post("/sign-out", headers=own(client)).headers["location"] == "/sign-in"
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "x", "javascript:1"]
)
def test_signing_in_leads_nowhere_else(client: httpx.Client, back: str) -> None:
    assert sign_in(client, back=back).headers["location"] == "/"


def test_without_authentication_there_is_nothing_to_sign_in_to(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    off = settings.model_copy(update={"api_auth": "off", "api_token": None})
    with served(off, postgres, graph) as client:
        assert client.get("/", headers=BROWSER).status_code == 200
        assert client.get("/sign-in", headers=BROWSER).headers["location"] == "/"
        assert sign_in(client, "anything").headers["location"] == "/"


def test_errors_are_pages_for_browsers_and_problems_for_programs(client: httpx.Client) -> None:
    sign_in(client)
    page = client.get("/nowhere")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    problem = client.get("/nowhere", headers={"Accept": "*/*"})
    assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")


def test_every_answer_forbids_what_is_not_this_servers(client: httpx.Client) -> None:
    for path in ("/sign-in", "/health", "/openapi.json", "/nowhere", "/static/pages.css", "/docs"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert client.get(path).headers["x-content-type-options"] == "nosniff"
