"""What is refused is refused as the document says: a problem, its parameters by name, in words of the API."""

import http.client
from collections.abc import Iterator

import httpx
import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka import producer
from ingest.kafka.topics import ensure_topics
from tests.support.builders import transfer
from tests.support.record import change, score
from tests.support.run_story import ALICE, BOB, MIXER, tell_story
from tests.support.serving import served

JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
EVENT = encode(transfer(90, ALICE, BOB, 7)).decode()
WEBHOOK = "https://desk.example/aml"


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    ensure_topics(settings)
    tell_story(postgres)
    with served(settings, postgres, graph) as client:
        yield client


def test_the_api_never_answers_with_a_page(api: httpx.Client) -> None:
    for accept in (JAVA, BROWSER, "application/json, text/html;q=0"):
        answers_no_page(api, accept)


def answers_no_page(api: httpx.Client, accept: str) -> None:
    wrong = {"Accept": accept, "Authorization": "Bearer another-token-of-nobody"}
    for method, path, headers, status in (
        ("GET", "/v1/scores/0x12", {"Accept": accept}, 422),
        ("GET", "/v1/nothing", {"Accept": accept}, 404),
        ("GET", f"/scores/0x{4711:040x}", {"Accept": accept}, 404),
        ("GET", "/v1/runs", wrong, 401),
        ("POST", "/v1/run-score", wrong, 401),
        ("POST", "/run-score", wrong, 401),
        ("GET", "/scores/top", wrong, 401),
        ("DELETE", "/v1/runs", {"Accept": accept}, 405),
    ):
        answer = api.request(method, path, headers=headers, follow_redirects=False)
        assert answer.status_code == status, (path, answer.text[:200])
        assert answer.headers["content-type"] == "application/problem+json", path


def test_a_page_answers_a_browser_with_a_page_and_others_with_a_problem(api: httpx.Client) -> None:
    url = f"/wallets/0x{4711:040x}"
    assert "text/html" in api.get(url, headers={"Accept": BROWSER}).headers["content-type"]
    for accept in ("application/json", "application/json, text/html;q=0", "*/*"):
        assert "problem+json" in api.get(url, headers={"Accept": accept}).headers["content-type"], accept


def posted(api: httpx.Client, path: str, body: str) -> httpx.Response:
    return api.post(path, content=body.encode(), headers={"Content-Type": "application/json"})


def test_a_field_that_is_written_twice_is_refused(api: httpx.Client) -> None:
    for path, body, name in (
        ("/v1/run-score", '{"engine": "cypher", "engine": "ledger"}', "engine"),
        ("/v1/labels", '{"labels": [], "labels": []}', "labels"),
        (
            "/v1/labels",
            '{"labels": [{"category": "exchange", "category": "scam", "chain": "ethereum"}]}',
            "labels.0.category",
        ),
        ("/v1/webhooks", f'{{"url": "{WEBHOOK}", "url": "{WEBHOOK}"}}', "url"),
    ):
        answer = posted(api, path, body)
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["location"], error["name"], error["reason"]) == ("body", name, "duplicate_field")


def test_each_transfer_of_a_request_is_looked_at_by_itself(api: httpx.Client) -> None:
    twice = EVENT.replace('"amount":"7"', '"amount":"7","amount":"8"')
    assert twice != EVENT
    body = f'{{"transfers": [{EVENT}, {twice}, 7, null, [], "x", {{}}]}}'
    answer = posted(api, "/v1/transfers", body)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["published", *["refused"] * 6]
    assert [one["reason"] for one in results[1:6]] == ["duplicate_field", *["not_object"] * 4]


def test_a_subject_that_is_no_address_at_any_length_refuses_itself_alone(api: httpx.Client) -> None:
    subjects = [{"type": "wallet", "address": text} for text in (BOB, "x" * 501, "9" * 100_000)]
    answer = api.post("/v1/screenings", json={"subjects": subjects})
    assert answer.status_code == 200, answer.text
    screenings = answer.json()["screenings"]
    assert [one["status"] == "refused" for one in screenings] == [False, True, True]
    assert len(screenings[2]["asked"]["address"]) <= 501


def test_every_422_names_what_is_wrong(api: httpx.Client) -> None:
    score_of = {"wallet": f"ethereum:{MIXER}"}
    for method, path, body, name in (
        ("GET", "/v1/labels?source=%00", None, "source"),
        ("GET", "/v1/labels?category=%00", None, "category"),
        ("GET", "/v1/transfers/waiting?transaction_hash=%00", None, "transaction_hash"),
        ("GET", "/v1/dead-letters?topic=%00", None, "topic"),
        ("POST", "/v1/webhooks", {"url": "ftp://x"}, "url"),
        ("POST", "/v1/webhooks", {"url": "https://127.0.0.1/x"}, "url"),
        ("POST", "/v1/webhooks", {"url": "http://desk.example/"}, "url"),
        ("POST", "/v1/webhooks", {"url": "https://desk.example:99999/"}, "url"),
        ("POST", "/v1/webhooks", {"url": "https://u:p@desk.example/"}, "url"),
        ("POST", "/v1/questions/01", {}, "wallet"),
        ("POST", "/v1/questions/01", {**score_of, "other": f"polygon:{BOB}"}, "other"),
        ("POST", "/v1/questions/01", {**score_of, "parameters": {"no_such": 1}}, "no_such"),
    ):
        answer = api.request(method, path, json=body)
        assert answer.status_code == 422, (path, body, answer.text)
        found = answer.json()
        assert any(error["name"].endswith(name) for error in found["errors"]), (path, body, found)
        for word in ("--wallet", "aml investigate", "b'", "Errno", "cast", "dictionary"):
            assert word not in answer.text, (word, answer.text)


def test_what_a_body_should_be_is_said_in_words_of_json(api: httpx.Client) -> None:
    for path, body in (("/v1/run-score", "[]"), ("/v1/labels", '{"labels": [7]}'), ("/v1/screenings", "7")):
        answer = posted(api, path, body)
        assert answer.status_code == 422
        assert "dictionary" not in answer.text
        assert "object" in answer.json()["detail"]


def test_an_idempotency_key_has_one_name_and_is_ascii(api: httpx.Client) -> None:
    for key in ('""', "x" * 201, "n\u00e4chtlich"):
        connection = http.client.HTTPConnection("127.0.0.1", api.base_url.port, timeout=30)
        headers = {"Authorization": api.headers["authorization"], "Idempotency-Key": key.encode("latin-1")}
        connection.request("POST", "/v1/run-score", headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == 422, text
        assert '"name":"Idempotency-Key"' in text


def alert(postgres: Postgres, status: str) -> None:
    change(
        postgres,
        "INSERT INTO alerts (rule, chain, address, sentence, risk_level, retrospective, policy_digest,"  # noqa: S608
        " evidence, status, outcome) SELECT 'mule', 'ethereum', '0x01', 's', 'high', false, policy_digest,"
        f" '{{}}', '{status}', CASE '{status}' WHEN 'closed' THEN 'no_action' END"
        " FROM policies LIMIT 1",
    )


def test_a_note_alone_may_be_written_and_a_second_open_alert_is_a_conflict(
    api: httpx.Client, postgres: Postgres
) -> None:
    score(postgres)
    alert(postgres, "closed")
    alert(postgres, "open")
    closed, opened = sorted(one["alert_id"] for one in api.get("/v1/alerts").json()["alerts"])
    noted = api.patch(f"/v1/alerts/{opened}", json={"note": "asked the customer"}).raise_for_status().json()
    assert (noted["status"], noted["note"]) == ("open", "asked the customer")
    noted = api.patch(f"/v1/alerts/{closed}", json={"note": "later"}).raise_for_status().json()
    assert (noted["status"], noted["outcome"], noted["note"]) == ("closed", "no_action", "later")
    for nothing in ({}, {"note": None}, {"status": None}, {"note": 7}, {"outcome": "no_action"}):
        assert api.patch(f"/v1/alerts/{closed}", json=nothing).status_code == 422, nothing
    again = api.patch(f"/v1/alerts/{closed}", json={"status": "open"})
    assert again.status_code == 409
    assert f"Alert {opened}" in again.json()["detail"]


def test_publishing_again_uses_the_producer_of_before(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    make = producer.Producer

    def counted(options: dict[str, object]) -> object:
        made.append(options)
        return make(options)

    monkeypatch.setattr(producer, "Producer", counted)
    for _ in range(3):
        assert posted(api, "/v1/transfers", f'{{"transfers": [{EVENT}]}}').json()["published"] == 1
    assert len(made) == 1


def test_filters_that_one_wallets_comparison_does_not_have_are_refused(
    api: httpx.Client, postgres: Postgres
) -> None:
    for _ in range(2):
        score(postgres)
    for name, value in (("limit", "1"), ("cursor", "WzFd"), ("risk_level_after", "high")):
        asked = {"wallet": BOB, name: value}
        answer = api.get("/v1/runs/1/diff/2", params=asked, headers={"Prefer": "wait=30"})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["name"] == name
