"""The API over HTTP: who may ask, how errors look, and what is answered about known and unknown wallets."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.answers.problem import TITLES, Problem
from app.errors import DependencyMissing, InvalidInput
from app.ledger.cells import SOURCE, Cell, encode
from app.runs.judgement.ownership import NOT_SEEN_NOTE
from app.runs.run_row import take_run_lock
from app.server.application import create_app
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query
from ingest.kafka.topics import ensure_topics
from tests.support.builders import transfer
from tests.support.record import change, label, score, write
from tests.support.serving import served

AA = "0x" + "aa" * 20
BB = "0x" + "bb" * 20
CC = "0x" + "cc" * 20

WALLET_PATHS = [
    "/scores/{}",
    "/scores/explain/{}",
    "/v1/scores/{}/history",
    "/v1/scores/{}/report",
    "/v1/wallets/{}/transfers",
]
ROUTES_WITH_TOKEN = [
    ("POST", "/reload-graph"),
    ("POST", "/run-score"),
    ("GET", "/scores/top"),
    ("GET", f"/scores/{AA}"),
    ("GET", f"/scores/explain/{AA}"),
    ("GET", "/ingestion/status"),
    ("GET", "/metrics"),
    ("GET", "/v1/runs"),
    ("GET", "/v1/runs/1"),
    ("POST", "/v1/runs/1/verify"),
    ("POST", "/v1/runs/1/cancel"),
    ("GET", "/v1/runs/1/diff/2"),
    ("GET", f"/v1/scores/{AA}/history"),
    ("GET", f"/v1/scores/{AA}/report"),
    ("GET", "/v1/ingestion/holes"),
    ("GET", "/v1/version"),
    ("GET", f"/v1/wallets/{AA}/transfers"),
    ("GET", f"/v1/wallets/{AA}/labels"),
    ("GET", "/v1/labels"),
    ("GET", "/v1/dead-letters"),
    ("POST", "/v1/reconcile"),
    ("GET", "/v1/imports"),
    ("GET", "/v1/imports/3f9a2c71d0b4"),
    ("POST", "/v1/imports/3f9a2c71d0b4/undo"),
    ("GET", "/v1/operations/none"),
]


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, postgres, graph) as client:
        yield client


@pytest.fixture
def silent(settings: Settings, postgres: Postgres) -> Iterator[httpx.Client]:
    """The application with a graph and a Kafka that do not answer."""
    nobody = socket.create_server(("127.0.0.1", 0))
    port = nobody.getsockname()[1]
    nobody.close()
    graph = Graph(f"bolt://127.0.0.1:{port}", "neo4j", SecretStr("x"), retry_seconds=0)
    away = settings.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{port}"})
    with served(away, postgres, graph) as client:
        yield client
    graph.close()


def insert_wallets(postgres: Postgres) -> None:
    """One wallet on two chains, one the published run knows, one it saw too late; scores of 96 more."""
    with postgres.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO batches (batch_id, stored, duplicates, dead, restated, retracted, projected_at)"
                " SELECT i, 10, 1, 2, 0, 0, now() FROM generate_series(1, 2) i"
            )
        )
        connection.execute(
            text(
                "INSERT INTO wallets (chain, address, batch_id) VALUES"
                " ('ethereum', :aa, 1), ('polygon', :aa, 1), ('ethereum', :bb, 1), ('ethereum', :cc, 2)"
            ),
            {"aa": AA.lower(), "bb": BB, "cc": CC},
        )
        connection.execute(
            text(
                "INSERT INTO wallets (chain, address, batch_id)"
                " SELECT 'ethereum', '0x' || lpad(i::text, 40, '0'), 1 FROM generate_series(1, 96) i"
            )
        )


POLICY = """\
policy: 2
version: test-1
hop_limit: 2
hop_weights: [1, 0.5]
categories:
  scam: {kind: crime, severity: 80, description: Fraud.}
  mint_burn: {kind: service, severity: 0, description: The zero address.}
bands: {medium: 20, high: 50, severe: 75}
rules: []
"""


def insert_run(postgres: Postgres) -> None:
    """A published run that gave wallet n (of 1 to 99) a score of 40 - n / 10 points, by its source."""
    with postgres.transaction() as connection:
        connection.execute(
            text("INSERT INTO policies (policy_digest, version, body) VALUES ('d', 'test-1', :body)"),
            {"body": POLICY},
        )
        connection.execute(
            text(
                "INSERT INTO scoring_runs (status, engine, hop_limit, policy_digest, policy_version,"
                " label_set_digest, watermark, as_of, columns, application_version, step)"
                " VALUES ('completed', 'ledger', 2, 'd', 'test-1', 'l', 1, :as_of, :columns, '0', 'done')"
            ),
            {
                "as_of": datetime(2026, 1, 1, tzinfo=UTC),
                "columns": ["unobserved_origin", "still_held", "beyond_hop_limit", "scam", "mint_burn"],
            },
        )
        connection.execute(text("INSERT INTO published_run (run_id) SELECT run_id FROM scoring_runs"))
        connection.execute(
            text(
                "INSERT INTO risk_scores (run_id, wallet_id, score, ownership_score, source_score,"
                " destination_score, direction, risk_level, band, main_category, rules, weighting,"
                " unpriced_transfers, cells, shares, points)"
                " SELECT run_id, wallet_id, points, 0, points, 0, 'source', 'medium', 'medium', 'scam', '{}',"
                " 'usd', 1, ARRAY[:scam]::smallint[], ARRAY[points / 80e6], ARRAY[points]"
                " FROM (SELECT wallet_id,"
                "  40000000 - 100000 * row_number() OVER (ORDER BY wallet_id) AS points"
                "  FROM wallets WHERE batch_id = 1) w, scoring_runs"
            ),
            {"scam": encode(Cell(SOURCE, 3, 1))},
        )
        connection.execute(text("INSERT INTO assets (chain, asset, decimals) VALUES ('ethereum', 'ETH', 18)"))
        connection.execute(
            text(
                "INSERT INTO exposures (run_id, wallet_id, asset_id, direction, total, unobserved, usd_value,"
                " transfers, unpriced_transfers, cells, shares)"
                " SELECT run_id, wallet_id, asset_id, 1, 3e30::numeric, 0, 100, 4, 1,"
                " CAST(:cells AS smallint[]), ARRAY[0.25, 0.5, 0.25]"
                " FROM scoring_runs, assets, wallets WHERE wallet_id = 3"
            ),
            {"cells": [encode(Cell(SOURCE, *cell)) for cell in ((3, 1), (0, 2), (2, 0))]},
        )


@pytest.mark.parametrize(("method", "path"), ROUTES_WITH_TOKEN)
@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_every_route_but_health_needs_the_token(
    client: httpx.Client, method: str, path: str, prefix: str
) -> None:
    path = path if path.startswith("/v1") else prefix + path
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer another"}):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["instance"] == path


def test_health_and_docs_need_no_token(client: httpx.Client, settings: Settings) -> None:
    ensure_topics(settings)
    del client.headers["Authorization"]
    for path in ("/health", "/v1/health", "/ready", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 200, path


def test_a_server_without_token_refuses_to_start(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    with pytest.raises(DependencyMissing, match="AML_API_TOKEN is not set"):
        create_app(settings.model_copy(update={"api_token": None}), postgres, graph)
    for token in ("a", "changeme", "x" * 15, "a long enough token\n", "\ta long enough token", "é" * 20):
        with pytest.raises(InvalidInput, match="AML_API_TOKEN has"):
            create_app(settings.model_copy(update={"api_token": SecretStr(token)}), postgres, graph)
    with pytest.raises(InvalidInput, match="loopback"):
        create_app(
            settings.model_copy(update={"api_auth": "off", "api_host": "0.0.0.0"}),  # noqa: S104 - refused
            postgres,
            graph,
        )


def test_on_loopback_authentication_can_be_off(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    off = settings.model_copy(update={"api_auth": "off", "api_token": None})
    with served(off, postgres, graph) as client:
        assert client.get("/v1/runs", headers={"Authorization": ""}).json() == {
            "runs": [],
            "next": None,
            "total": None,
        }


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_sites_page_cannot_start_anything(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post("/run-score", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:aml:problem:forbidden")
    assert client.get("/v1/runs").json()["runs"] == []


def test_a_page_of_this_host_may_post(client: httpx.Client) -> None:
    own = str(client.base_url).rstrip("/")
    answer = client.post("/v1/nothing", headers={"Origin": own, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 404


def test_a_foreign_host_name_is_refused_on_loopback(client: httpx.Client) -> None:
    assert client.get("/health", headers={"Host": "rebound.example"}).status_code == 403
    assert client.get("/health", headers={"Host": "localhost:1"}).status_code == 200


def test_errors_are_problems(client: httpx.Client) -> None:
    cases = [
        (client.get("/nowhere"), 404),
        (client.delete("/run-score"), 405),
        (client.get("/scores/top?limit=0"), 422),
        (client.get("/scores/top?limit=1001"), 422),
        (client.get("/scores/top?cursor=%00"), 422),
        (client.get("/scores/top?cursor=W10="), 422),
        (client.get("/v1/runs?cursor=bm8="), 422),
        (client.get("/v1/runs/99999999999999999999"), 422),
        (client.get("/scores/" + "a" * 201), 422),
        (client.get("/scores/with%20space"), 422),
        (client.get("/scores/nul%00"), 422),
        (client.get(f"/scores/{AA}"), 404),
        (client.get("/v1/operations/none"), 422),
        (client.get(f"/v1/operations/{'0' * 32}"), 404),
        (client.get("/v1/runs/1"), 404),
        (client.get("/scores/top"), 409),
        (client.post("/run-score", json={"engine": "none"}), 422),
        (client.post("/run-score", content=b"{", headers={"Content-Type": "application/json"}), 422),
        (client.post("/run-score", content=b"null", headers={"Content-Type": "application/json"}), 422),
        (client.post("/run-score", content=b'"\xff"', headers={"Content-Type": "application/json"}), 400),
        (client.get("/v1/runs?limmit=3"), 422),
        (client.get("/v1/runs?limit=3&limit=4"), 422),
        (client.get("/scores/top?Limit=3"), 422),
        (client.post("/run-score", content=b" " * 70_000, headers={"Content-Type": "application/json"}), 413),
    ]
    for answer, status in cases:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert set(body) - {"errors", "reason", "run_id", "choices"} == {
            "type", "title", "status", "detail", "instance", "request_id",
        }  # fmt: skip
        assert Problem.model_validate(body).title == TITLES[status]
        assert body["request_id"] == answer.headers["x-request-id"]
        assert body["status"] == status
        assert body["instance"] == answer.request.url.path


def test_a_422_names_each_parameter_at_fault(client: httpx.Client) -> None:
    answer = client.get("/v1/scores/top?limit=0&risk_level=mild&limmit=3").json()
    assert [(each["location"], each["name"], each["reason"]) for each in answer["errors"]] == [
        ("query", "limmit", "unknown_parameter")
    ]
    assert "known are: asset, category, chain, " in answer["detail"]
    assert "risk_level, run_id, sort, to, total." in answer["detail"]
    answer = client.get("/v1/scores/top?limit=0&risk_level=mild").json()
    assert {(each["name"], each["reason"]) for each in answer["errors"]} == {
        ("limit", "greater_than_equal"),
        ("risk_level", "literal_error"),
    }
    body = client.post("/v1/run-score", json={"engine": "none", "more": 1}).json()
    assert {(each["location"], each["name"]) for each in body["errors"]} == {
        ("body", "engine"),
        ("body", "more"),
    }


def test_a_method_that_a_path_does_not_have_is_answered_with_those_it_has(client: httpx.Client) -> None:
    for path, methods in (
        ("/v1/labels", {"GET", "HEAD", "POST"}),
        ("/v1/runs", {"GET", "HEAD"}),
        ("/run-score", {"POST"}),
    ):
        refused = client.delete(path)
        assert (refused.status_code, set(refused.headers["allow"].split(", "))) == (405, methods)


def test_times_have_their_offset_and_are_compared_in_utc(client: httpx.Client) -> None:
    for odd in ("0.5", "2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+10:00", "x"):
        assert client.get("/v1/runs", params={"from": odd}).status_code == 422, odd
    assert client.get("/v1/runs", params={"from": "0964-06-21T10:15:23.2-16:22"}).status_code == 200
    assert client.post("/v1/reconcile", json={"repair": 0}).status_code == 422


def test_a_request_has_an_id_that_its_sender_may_choose(client: httpx.Client) -> None:
    given = client.get("/v1/version", headers={"X-Request-ID": "order-17.a_b"})
    assert given.headers["x-request-id"] == "order-17.a_b"
    for odd in ("", "two words", "x" * 129, "a;b"):
        made = client.get("/v1/version", headers={"X-Request-ID": odd}).headers["x-request-id"]
        assert made != odd
        assert len(made) == 32


def test_head_answers_as_get_without_a_body(client: httpx.Client) -> None:
    for path in ("/v1/version", "/health", "/v1/runs", "/scores/top"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
        assert int(head.headers["content-length"]) == len(get.content)


def test_an_unexpected_error_tells_nothing_of_the_inside(client: httpx.Client, postgres: Postgres) -> None:
    with postgres.transaction() as connection:
        connection.execute(text("DROP TABLE published_run"))
    answer = client.get("/scores/top")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "published_run" not in answer.text


def test_a_wallet_never_seen_is_not_found(client: httpx.Client) -> None:
    for path in WALLET_PATHS:
        answer = client.get(path.format(f"ethereum:{BB}"))
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:aml:problem:not-found"), path


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("nonsense", "bad_address"),
        ("0x" + "aA" * 20, "bad_checksum"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bad_checksum"),
        (f"etherium:{BB}", "unknown_chain"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason_on_every_route(
    client: httpx.Client, reference: str, reason: str
) -> None:
    paths = [*WALLET_PATHS, "/v1/wallets/{}/labels", "/v1/labels?wallet={}"]
    answers = [client.get(path.format(reference)) for path in paths]
    answers.append(client.post(f"/v1/explore/{reference}", json={"way": "in", "shown": []}))
    for answer in answers:
        assert (answer.status_code, answer.json().get("reason")) == (422, reason), answer.url


def test_a_listed_wallet_without_transfers_has_the_score_of_its_own_label(
    client: httpx.Client, postgres: Postgres
) -> None:
    label(postgres, BB, "sanctioned", name="A name", source="a list")
    for path in (f"/v1/scores/{BB}", f"/scores/explain/ethereum:{BB}"):
        body = client.get(path).json()
        assert (body["score"], body["status"], body["run"]) == (None, "unknown", None)
        assert (body["label"]["category"], body["label"]["name"]) == ("sanctioned", "A name")
        assert [(each["direction"], each["category"]) for each in body["exposures"]] == [
            ("ownership", "sanctioned")
        ]
    score(postgres)
    write(postgres, [transfer(1, BB, CC, 5)])
    score(postgres)
    by_run = client.get(f"/scores/{BB}").json()
    label(postgres, AA, "sanctioned", name="A name", source="a list")
    newer = client.get(f"/scores/{AA}").json()
    assert (newer["score"], newer["label"]["category"]) == (by_run["score"], "sanctioned")
    assert newer["notes"][:2] == [NOT_SEEN_NOTE, "Labelled after scoring run 2."]
    score(postgres)
    for path in ("/scores/{}", "/scores/explain/{}"):
        body = client.get(path.format(AA)).json()
        assert body["notes"] == [NOT_SEEN_NOTE]
        for same in ("score", "risk_level", "band", "status", "direction", "rules", "exposures"):
            assert body[same] == by_run[same], same
        assert body["contributions"] == by_run["contributions"]
        assert body["score"] != "0.000000"
    assert client.get(f"/v1/scores/{AA}/history").json()["scores"] == []
    assert client.get(f"/v1/wallets/{AA}/transfers").json()["transfers"] == []
    assert client.get(f"/v1/scores/{AA}/report?format=json").json()["explanation"]["score"] == body["score"]


def test_an_address_on_two_chains_gives_the_choices(client: httpx.Client, postgres: Postgres) -> None:
    insert_wallets(postgres)
    answer = client.get(f"/scores/explain/{AA}")
    assert answer.status_code == 409
    assert answer.json()["choices"] == [f"ethereum:{AA.lower()}", f"polygon:{AA.lower()}"]
    assert client.get(f"/scores/polygon:{AA}").json()["wallet"]["chain"] == "polygon"


def test_a_wallet_without_a_run_is_unknown_and_not_clean(client: httpx.Client, postgres: Postgres) -> None:
    insert_wallets(postgres)
    for path in (f"/scores/{BB}", f"/scores/explain/{BB}"):
        body = client.get(path).json()
        assert (body["score"], body["risk_level"], body["status"], body["run"]) == (
            None,
            None,
            "unknown",
            None,
        )
        assert "No scoring run has been published" in body["incomplete_reasons"][0]


def test_a_wallet_newer_than_the_run_is_unknown(client: httpx.Client, postgres: Postgres) -> None:
    insert_wallets(postgres)
    insert_run(postgres)
    body = client.get(f"/scores/{CC}").json()
    assert (body["score"], body["status"], body["run"]["run_id"]) == (None, "unknown", 1)
    assert "First seen after scoring run 1" in body["incomplete_reasons"][0]


def test_a_stored_score_comes_with_exposures_residuals_and_contributions(
    client: httpx.Client, postgres: Postgres
) -> None:
    insert_wallets(postgres)
    insert_run(postgres)
    body = client.get(f"/scores/{BB}").json()
    assert (body["score"], body["risk_level"], body["status"]) == ("39.700000", "medium", "complete")
    assert body["exposures"] == [
        {
            "asset": "ETH",
            "direction": "source",
            "category": "scam",
            "hop": 1,
            "amount": str(3 * 10**30 // 4),
            "decimals": 18,
            "share": 0.25,
            "listed": None,
            "firm": True,
            "usd_value": "25.00",
        }
    ]
    assert [(part["kind"], part["hop"], part["amount"]) for part in body["residuals"]] == [
        ("unobserved_origin", 2, str(3 * 10**30 // 2)),
        ("beyond_hop_limit", None, str(3 * 10**30 // 4)),
    ]
    (contribution,) = body["contributions"]
    assert (contribution["points"], contribution["severity"], contribution["hop_weight"]) == (
        "39.700000",
        80,
        1,
    )
    assert body["other_contributions"] == []
    assert body["run"]["policy_version"] == "test-1"


def test_an_explanation_without_graph_keeps_the_score_and_says_why_it_is_incomplete(
    silent: httpx.Client, postgres: Postgres
) -> None:
    insert_wallets(postgres)
    insert_run(postgres)
    body = silent.get(f"/scores/explain/{BB}").json()
    assert (body["score"], body["status"], body["paths"]) == ("39.700000", "incomplete", [])
    assert any("does not answer" in reason for reason in body["incomplete_reasons"])
    assert body["not_listed"]["points"] == "39.700000"
    assert body["not_listed"]["share"] == pytest.approx(39.7 / 80)


def test_the_highest_scores_page_by_cursor_without_gap_or_repetition(
    client: httpx.Client, postgres: Postgres
) -> None:
    insert_wallets(postgres)
    insert_run(postgres)
    everything = client.get("/scores/top?limit=1000").json()
    assert everything["next"] is None
    assert len(everything["scores"]) == 99
    paged, cursor = [], ""
    while cursor is not None:
        page = client.get(
            "/v1/scores/top", params={"limit": 20} | ({"cursor": cursor} if cursor else {})
        ).json()
        paged += page["scores"]
        cursor = page["next"]
    assert paged == everything["scores"]
    assert [line["score"] for line in paged] == sorted((line["score"] for line in paged), reverse=True)
    assert paged[0]["main_reason"] == "49.88 % of what it received came from scam, within 1 hop."
    assert len(client.get("/scores/top").json()["scores"]) == 50
    counted = client.get("/scores/top", params={"total": True, "limit": 1, "risk_level": "medium"}).json()
    assert (counted["total"], everything["total"]) == (99, None)
    assert client.get("/scores/top", params={"total": True, "risk_level": "high"}).json()["total"] == 0


def test_runs_are_listed_newest_first_and_one_by_one(client: httpx.Client, postgres: Postgres) -> None:
    insert_run(postgres)
    with postgres.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO scoring_runs (status, engine, hop_limit, policy_digest, policy_version,"
                " label_set_digest, watermark, as_of, columns, application_version, error)"
                " SELECT 'failed', engine, hop_limit, policy_digest, policy_version, label_set_digest,"
                " watermark, as_of, columns, application_version, 'why' FROM scoring_runs"
            )
        )
    first = client.get("/v1/runs?limit=1").json()
    second = client.get("/v1/runs", params={"limit": 1, "cursor": first["next"]}).json()
    assert [run["run_id"] for run in first["runs"] + second["runs"]] == [2, 1]
    assert second["next"] is None
    assert client.get("/v1/runs/1").json() == second["runs"][0]
    assert second["runs"][0]["published"] is True
    assert (first["runs"][0]["status"], first["runs"][0]["error"]) == ("failed", "why")


def test_runs_are_filtered_by_state_and_time_and_counted_on_demand(
    client: httpx.Client, postgres: Postgres
) -> None:
    for _ in range(3):
        score(postgres)
    change(postgres, "UPDATE scoring_runs SET status = 'failed', error = 'x' WHERE run_id = 2")
    change(postgres, "UPDATE scoring_runs SET started_at = '2020-01-01T00:00:00Z' WHERE run_id = 1")

    def listed(**params: str | int | bool) -> tuple[list[int], int | None]:
        body = client.get("/v1/runs", params=params).raise_for_status().json()
        return [run["run_id"] for run in body["runs"]], body["total"]

    assert listed() == ([3, 2, 1], None)
    assert listed(total=True, limit=1) == ([3], 3)
    assert listed(status="completed", total=True) == ([3, 1], 2)
    assert listed(status="failed") == ([2], None)
    assert listed(**{"from": "2020-01-01T00:00:01Z", "total": True}) == ([3, 2], 2)
    assert listed(to="2020-01-01T00:00:01Z") == ([1], None)
    assert client.get("/v1/runs?status=odd").status_code == 422


def test_an_answer_that_a_client_has_is_not_sent_again(client: httpx.Client, postgres: Postgres) -> None:
    write(postgres, [transfer(1, AA, BB, 5)])
    score(postgres)
    for path in ("/v1/runs/1", "/scores/top", f"/v1/scores/{BB}", f"/v1/scores/{BB}/history"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert client.get(path, headers={"If-None-Match": '"x"'}).content == first.content
    tag = client.get(f"/v1/scores/{BB}").headers["etag"]
    write(postgres, [transfer(2, AA, BB, 5)], offset=2)
    changed = client.get(f"/v1/scores/{BB}", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["freshness"]["transfers"]) == (200, 1)


def test_long_answers_are_compressed_where_the_client_takes_it(
    client: httpx.Client, postgres: Postgres
) -> None:
    insert_wallets(postgres)
    insert_run(postgres)
    plain = client.get("/scores/top", headers={"Accept-Encoding": "identity"})
    packed = client.get("/scores/top", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.json() == plain.json()


def test_another_origin_may_call_where_it_is_named_and_nowhere_else(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    named = settings.model_copy(update={"cors_origins": "https://desk.example, https://b.example"})
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    with served(named, postgres, graph) as client:
        for origin, allowed in (("https://desk.example", True), ("https://evil.example", False)):
            preflight = client.options("/v1/run-score", headers={"Origin": origin, **ask})
            assert (preflight.headers.get("access-control-allow-origin") == origin) == allowed
            read = client.get("/v1/runs", headers={"Origin": origin})
            assert ("access-control-allow-origin" in read.headers) == allowed
            assert (client.post("/v1/runs", headers={"Origin": origin}).status_code == 403) != allowed
    with served(settings, postgres, graph) as client:
        answer = client.get("/v1/runs", headers={"Origin": "https://desk.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_what_is_wrong_with_a_request_is_said_where_it_is(client: httpx.Client) -> None:
    """By place, name and code, also where no framework found it."""
    posted = client.post("/v1/labels", json={"labels": [{
        "chain": "ethereum", "address": "0x12", "category": "scam", "name": "x", "source": "desk",
    }]})  # fmt: skip
    json_type = {"Content-Type": "application/json"}
    for answer, place in (
        (client.get("/scores/0x1111"), ("path", "wallet", "bad_address")),
        (client.get(f"/v1/scores/etherium:{AA}"), ("path", "wallet", "unknown_chain")),
        (client.get("/v1/labels", params={"wallet": "0x12"}), ("query", "wallet", "bad_address")),
        (client.get("/v1/transactions/0x12"), ("path", "transaction_hash", "bad_hash")),
        (client.get("/v1/runs", params={"cursor": "abcd"}), ("query", "cursor", "invalid_input")),
        (posted, ("body", "labels.0.address", "bad_address")),
        (client.post("/v1/transfers", content=b"{}"), ("body", "body", "wrong_media_type")),
        (client.post("/v1/transfers", content=b"[", headers=json_type), ("body", "body", "json_invalid")),
    ):
        body = answer.json()
        (error,) = body["errors"]
        assert answer.status_code == 422
        assert (error["location"], error["name"], error["reason"]) == place
        assert body["detail"]
    assert "Is ethereum meant?" in client.get(f"/v1/scores/etherium:{AA}").json()["detail"]
    assert client.get("/v1/score").json()["detail"].startswith("Nothing is at this address.")
    assert "GET, HEAD" in client.delete("/v1/runs").json()["detail"]


def test_requests_of_one_address_are_limited_where_that_is_set(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    limited = settings.model_copy(update={"api_requests_per_minute": 5})
    with served(limited, postgres, graph) as api:
        wrong = {"Authorization": "Bearer another"}
        assert [api.get("/v1/version", headers=wrong).status_code for _ in range(5)] == [401] * 5
        refused = api.get("/v1/version")
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:aml:problem:too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert {api.get(path).status_code for path in ("/health", "/v1/health")} == {200}


def test_a_proxy_has_its_host_name_and_its_clients_addresses(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    changes = {"allowed_hosts": "risk.example, other.example", "forwarded_allow_ips": "127.0.0.1"}
    named = settings.model_copy(update=changes)
    with served(named, postgres, graph) as client:
        assert client.get("/health", headers={"Host": "risk.example"}).status_code == 200
        assert client.get("/health", headers={"Host": "Risk.example:443"}).status_code == 200
        assert client.get("/health", headers={"Host": "rebound.example"}).status_code == 403
        own = {"Host": "risk.example", "Origin": "https://risk.example"}
        assert client.post("/v1/nothing", headers=own).status_code == 404
        for number in range(11):  # wrong tokens are counted by the client's address, not by the proxy's
            client.post("/sign-in", data={"token": "no"}, headers={"X-Forwarded-For": f"192.0.2.{number}"})
        answer = client.post("/sign-in", data={"token": "no"}, headers={"X-Forwarded-For": "192.0.2.99"})
        assert answer.status_code == 401


def test_a_run_is_started_waited_for_and_published(client: httpx.Client) -> None:
    started = client.post("/run-score", json={"engine": "ledger"}, headers={"Prefer": "wait=60"})
    assert (started.status_code, started.headers["preference-applied"]) == (200, "wait=60")
    run = started.json()
    assert (run["status"], run["engine"], run["published"], run["progress"]) == (
        "completed",
        "ledger",
        True,
        1,
    )
    assert run["engine_reason"] == "ledger was asked for"
    assert client.get(started.headers["location"]).json() == run
    top = client.get("/v1/scores/top").json()
    assert (top["scores"], top["run"]["engine_reason"]) == ([], "ledger was asked for")


def test_a_run_that_is_not_waited_for_is_accepted_with_a_place_to_look(client: httpx.Client) -> None:
    accepted = client.post("/v1/run-score")
    assert accepted.status_code == 202
    deadline = monotonic() + 60
    while (run := client.get(accepted.headers["location"]).json())["status"] == "running":
        assert monotonic() < deadline
    assert (run["status"], run["published"]) == ("completed", True)


def test_fifty_requests_of_one_key_at_once_get_one_run_and_all_wait(client: httpx.Client) -> None:
    def ask(number: int) -> httpx.Response:
        key = '"nightly"' if number % 2 else "nightly"
        return client.post("/v1/run-score", headers={"Idempotency-Key": key, "Prefer": "wait=60"})

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert {answer.json()["run_id"] for answer in answers} == {1}
    assert {answer.json()["status"] for answer in answers} == {"completed"}
    assert {answer.headers["preference-applied"] for answer in answers} == {"wait=60"}
    assert len(client.get("/v1/runs").json()["runs"]) == 1
    again = client.post("/run-score", headers={"Idempotency-Key": "nightly"}, json={})
    assert (again.status_code, again.json()["run_id"]) == (200, 1)
    other = client.post("/run-score", headers={"Idempotency-Key": "nightly"}, json={"engine": "ledger"})
    assert (other.status_code, other.json()["type"]) == (422, "urn:aml:problem:key-reused")
    assert client.post("/run-score", headers={"Idempotency-Key": '""'}).status_code == 422
    assert len(client.get("/v1/runs").json()["runs"]) == 1


def test_a_second_run_is_refused_while_one_is_under_way(client: httpx.Client, postgres: Postgres) -> None:
    insert_run(postgres)
    change(postgres, "UPDATE scoring_runs SET status = 'running'")
    with postgres.transaction() as connection:
        take_run_lock(connection)
        answer = client.post("/run-score")
        keyed = client.post("/run-score", headers={"Idempotency-Key": "other"})
    for refused in (answer, keyed):
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:aml:problem:in-use")
        assert int(refused.headers["retry-after"]) > 0
        assert (refused.headers["location"], refused.json()["run_id"]) == ("/v1/runs/1", 1)


def test_a_reload_ends_with_the_proof_that_both_stores_are_equal(client: httpx.Client) -> None:
    done = client.post("/reload-graph", headers={"Prefer": "wait=60"})
    assert done.status_code == 200, done.text
    operation = done.json()
    assert (operation["status"], operation["result"]["equal"]) == ("completed", True)
    assert operation["result"]["record_digest"] == operation["result"]["graph_digest"]
    assert client.get(done.headers["location"]).json() == operation


def test_a_comparison_names_what_differs_and_mends_it_and_the_status_and_metrics_tell(
    client: httpx.Client, graph: Graph
) -> None:
    assert client.get("/ingestion/status").json()["reconciliation"] is None
    stray = Query("test/stray", "", frozenset(), (), "CYPHER 25 CREATE (:Wallet {wallet_id: 77})")
    graph.write([(stray, {})])
    found = client.post("/v1/reconcile", headers={"Prefer": "wait=60"})
    assert found.status_code == 200, found.text
    result = found.json()["result"]
    assert (result["equal"], result["differences"], result["first_differences"][0]["number"]) == (
        False,
        1,
        77,
    )
    assert client.get("/ingestion/status").json()["reconciliation"]["equal"] is False
    assert "aml_graph_equal 0.0" in client.get("/metrics").text
    mended = client.post("/v1/reconcile", json={"repair": True}, headers={"Prefer": "wait=60"})
    assert (mended.json()["result"]["equal"], mended.json()["kind"]) == (True, "reconcile")
    assert client.post("/v1/reconcile", json={"mend": True}).status_code == 422
    assert "aml_graph_equal 1.0" in client.get("/metrics").text


def test_a_reload_that_fails_while_waited_for_answers_with_the_problem(silent: httpx.Client) -> None:
    answer = silent.post("/reload-graph", headers={"Prefer": "wait=60"})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:aml:problem:dependency-missing")


def test_readiness_names_each_dependency(
    client: httpx.Client, silent: httpx.Client, settings: Settings
) -> None:
    ensure_topics(settings)
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert {part["name"] for part in answer.json()["dependencies"]} == {"postgres", "graph", "kafka"}
    answer = silent.get("/ready")
    assert answer.status_code == 503
    assert {part["name"]: part["ok"] for part in answer.json()["dependencies"]} == {
        "postgres": True,
        "graph": False,
        "kafka": False,
    }
    assert max(part["latency_ms"] for part in answer.json()["dependencies"]) < 2500


def test_status_and_metrics_tell_the_same_and_leave_out_what_is_not_known(
    client: httpx.Client, silent: httpx.Client, postgres: Postgres, settings: Settings
) -> None:
    insert_wallets(postgres)
    with postgres.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO ingestion_state (topic, partition, next_offset, consumed, stored, duplicates,"
                " dead) SELECT :topic, 0, 26, 26, 20, 2, 4"
            ),
            {"topic": settings.transfers_topic},
        )
        connection.execute(text("UPDATE counts SET value = 100 WHERE name = 'wallets'"))
        connection.execute(text("UPDATE batches SET projected_at = NULL WHERE batch_id = 2"))
    body = client.get("/ingestion/status").json()
    assert body["totals"] == {
        "consumed": 26,
        "stored": 20,
        "duplicates": 2,
        "dead": 4,
        "restated": 0,
        "retracted": 0,
        "out_of_order": 0,
    }
    assert body["record"] == {"transfers": 20, "wallets": 100, "assets": 0, "waiting": 0}
    assert body["graph"]["behind_batches"] == 1
    assert body["graph"]["ready"] is False
    assert body["throughput"]["one_minute"] == pytest.approx(20 / 60)
    assert 0 <= body["seconds_since_last_ingestion"] < 60
    metrics = client.get("/metrics").text
    assert 'aml_transfers_stored_total{partition="0"} 20.0' in metrics
    assert "aml_graph_behind_batches 1.0" in metrics
    assert "aml_graph_up 1.0" in metrics
    away = silent.get("/ingestion/status").json()
    assert (away["lag"], away["graph"]["wallets"]) == (None, None)
    assert "Kafka" in away["kafka_error"]
    assert "Neo4j" in away["graph"]["error"]
    assert "aml_consumer_lag_messages{" not in silent.get("/metrics").text


def test_the_documentation_has_an_example_for_every_answer_and_the_token_scheme(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"] == {
        "HTTPBearer": {"type": "http", "scheme": "bearer", "description": "The value of `AML_API_TOKEN`."}
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                for kind, content in answer["content"].items():
                    where = (path, method, status, kind)
                    assert "example" in content or "examples" in content, where
