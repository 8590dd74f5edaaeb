"""Who sees the pages: a session that stands for the token, and what it may not do."""

from collections.abc import Iterator
from hashlib import sha256

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text
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


def cookie(response: httpx.Response | Response) -> tuple[str, str]:
    name, _, value = response.headers["set-cookie"].split(";")[0].partition("=")
    return name, value


def is_let_in(client: httpx.Client, name: str, value: str) -> bool:
    client.cookies.clear()
    client.cookies.set(name, value)
    return client.get("/").status_code == 200


def test_a_session_ends_with_signing_out_wherever_its_cookie_is(client: httpx.Client) -> None:
    name, value = cookie(sign_in(client))
    _, other = cookie(sign_in(client))
    assert value != other
    assert is_let_in(client, name, value)
    assert client.post("/sign-out", headers=own(client)).headers["location"] == "/sign-in"
    assert not is_let_in(client, name, value)  # a copy of it ends too
    assert is_let_in(client, name, other)


def test_every_session_ends_with_another_token(
    client: httpx.Client, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    name, value = cookie(sign_in(client))
    assert is_let_in(client, name, value)
    rotated = settings.model_copy(update={"api_token": SecretStr("another token, as long")})
    with served(rotated, postgres, graph) as anew:
        anew.headers = httpx.Headers(BROWSER)
        port = str(anew.base_url.port)
        assert not is_let_in(anew, f"aml_session_{port}", value)
    forged = Response()
    begin_session(forged, rotated, postgres, secure=False)
    assert not is_let_in(client, name, cookie(forged)[1])
    assert not is_let_in(client, name, "")


def test_the_record_holds_no_cookie(client: httpx.Client, postgres: Postgres) -> None:
    _, value = cookie(sign_in(client))
    with postgres.transaction() as connection:
        (stored,) = connection.execute(text("SELECT session_digest FROM sessions")).scalars()
        connection.execute(text("UPDATE sessions SET expires_at = now()"))
    assert stored not in {value, sha256(value.encode()).hexdigest()}
    assert client.get("/").status_code == 303  # it has expired
    sign_in(client)
    with postgres.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 1


def test_whoever_guesses_tokens_is_told_to_wait(client: httpx.Client) -> None:
    answers = [sign_in(client, f"another token {number}").status_code for number in range(12)]
    assert answers == [401] * 10 + [429] * 2
    told = sign_in(client)
    assert told.status_code == 429
    assert 1 <= int(told.headers["retry-after"]) <= 60
    assert "Try again in" in told.text
    with_token = {"Authorization": f"Bearer {API_TOKEN}", "Accept": "*/*"}
    assert client.get("/v1/runs", headers=with_token).status_code == 200


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "x", "javascript:1", "//[", "http://["],
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
