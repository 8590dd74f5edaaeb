"""Imports over HTTP: listed, looked at, and undone as an operation; tags of labels and transfers likewise."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import text

from app.record.imports import begin_import, end_import
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.producer import produce_encoded
from ingest.kafka.topics import ensure_topics
from tests.support.builders import story, transfer
from tests.support.ingesting import ingest
from tests.support.record import ask
from tests.support.serving import served

WAIT = {"Prefer": "wait=60"}
EXCHANGE, CUSTOMER = "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"


def an_import(settings: Settings, postgres: Postgres, path: str, first: int, last: int) -> str:
    """An import of some transfers that is in Kafka; its identity."""
    ensure_topics(settings)
    sent = [replace(one, observed_at=None) for one in story().transfers[first:last]]
    import_id: str = postgres.run(
        lambda connection: begin_import(connection, path, path, len(sent), is_of_blocks=False)
    )
    messages = ((encode(one), one.message_key) for one in sent)
    report = produce_encoded(messages, settings, lambda _: None, import_id=import_id)
    postgres.run(lambda connection: end_import(connection, import_id, report.offsets))
    return import_id


def live(postgres: Postgres) -> int:
    return int(ask(postgres, "SELECT count(*) FROM transactions WHERE retracted_batch_id IS NULL"))


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, postgres, graph) as client:
        yield client


def test_an_import_is_listed_and_undone(
    api: httpx.Client, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    first, second = an_import(settings, postgres, "a/", 0, 60), an_import(settings, postgres, "b/", 40, 100)
    ingest(settings, postgres, graph)
    assert live(postgres) == 100
    page = api.get("/v1/imports", params={"limit": 1, "total": True}).json()
    assert ([one["import_id"] for one in page["imports"]], page["total"]) == ([second], 2)
    rest = api.get("/v1/imports", params={"limit": 1, "cursor": page["next"]}).json()
    assert ([one["import_id"] for one in rest["imports"]], rest["next"]) == ([first], None)
    assert rest["imports"][0] == api.get(f"/v1/imports/{first}").json()
    assert (rest["imports"][0]["state"], rest["imports"][0]["messages"]) == ("published", 60)

    undone = api.post(f"/v1/imports/{first}/undo", headers=WAIT)
    assert undone.status_code == 200
    assert (undone.json()["result"]["state"], live(postgres)) == ("undone", 60)
    assert api.post(f"/v1/imports/{first}/undo", headers=WAIT).json()["result"]["state"] == "undone"
    began = api.post(f"/v1/imports/{second}/undo")
    assert began.status_code == 202
    ended = api.post(f"/v1/imports/{second}/undo", headers=WAIT).json()
    assert ended["result"]["withdrawn_at"] is not None
    assert api.get(began.headers["location"]).json()["kind"] == "undo-import"
    assert live(postgres) == 0


def test_who_may_not_write_undoes_nothing(api: httpx.Client, settings: Settings, postgres: Postgres) -> None:
    path = f"/v1/imports/{an_import(settings, postgres, 'a/', 0, 5)}/undo"
    assert api.post(path, headers={"Authorization": "Bearer other"}).status_code == 401
    assert api.post(
        path, headers={"Origin": "https://elsewhere.example", "Authorization": ""}
    ).status_code in {
        401,
        403,
    }
    assert api.get("/v1/imports").json()["imports"][0]["state"] == "published"
    assert api.post("/v1/imports/000000000000/undo").status_code == 404
    for wrong in ("0", "g" * 12, "0" * 13, "%27"):
        assert api.get(f"/v1/imports/{wrong}").status_code == 422, wrong


def test_tags_in_the_api(api: httpx.Client, settings: Settings, postgres: Postgres, graph: Graph) -> None:
    sent = [
        replace(
            transfer(number, CUSTOMER, EXCHANGE, 5, chain="ripple", asset="XRP", decimals=6),
            transaction_hash=f"{number:064x}",
            receiver_tag=tag,
        )
        for number, tag in ((1, "1042"), (2, "7"), (3, "1042"))
    ]
    ingest(settings, postgres, graph, sent)
    label = {"chain": "ripple", "category": "scam", "name": "A user", "source": "desk"}
    labels = [label | {"address": EXCHANGE, "tag": "1042"}, label | {"address": f"{CUSTOMER}?dt=5"}]
    assert api.post("/v1/labels", json={"labels": labels}).json()["added"] == 2
    assert api.post("/v1/labels", json={"labels": labels}).json()["unchanged"] == 2
    found = api.get("/v1/labels", params={"tag": "1042"}).json()["labels"]
    assert [(one["address"], one["tag"], one["effective"]) for one in found] == [(EXCHANGE, "1042", False)]
    assert {one["tag"] for one in api.get("/v1/labels").json()["labels"]} == {"1042", "5"}
    (past,) = api.get(f"/v1/wallets/ripple:{EXCHANGE}/labels").json()["labels"]
    assert past["tag"] == "1042"

    path = f"/v1/wallets/{EXCHANGE}/transfers"
    tagged = api.get(path, params={"tag": "1042", "limit": 1, "total": True}).json()
    assert (tagged["total"], tagged["transfers"][0]["receiver_tag"]) == (2, "1042")
    rest = api.get(path, params={"tag": "1042", "limit": 1, "cursor": tagged["next"]}).json()
    assert [one["block_number"] for one in (*tagged["transfers"], *rest["transfers"])] == [3, 1]
    assert api.get(path, params={"tag": "1042", "without_flow": True}).status_code == 422
    assert api.get(path, params={"tag": " 1042"}).status_code == 422

    asked = {"type": "wallet", "address": EXCHANGE}
    subjects = {"subjects": [asked, asked | {"tag": "1042"}, asked | {"tag": "7"}]}
    answers = api.post("/v1/screenings", json=subjects).json()["screenings"]
    levels = [one["risk_level"] for one in answers]
    assert levels[1] in {"high", "severe"}
    assert levels[0] not in {"high", "severe"}
    assert levels[0] == levels[2]
    (shown,) = answers[2]["wallets"][0]["labels"]
    assert (shown["tag"], shown["other_tag"], shown["effective"]) == ("1042", True, False)
    bad = api.post("/v1/screenings", json={"subjects": [asked | {"tag": "a\u202eb"}]})
    assert bad.status_code == 422


def test_pages_show_tags(api: httpx.Client, settings: Settings, postgres: Postgres, graph: Graph) -> None:
    sent = transfer(1, CUSTOMER, EXCHANGE, 5, chain="ripple", asset="XRP", decimals=6)
    ingest(settings, postgres, graph, [replace(sent, transaction_hash=f"{1:064x}", receiver_tag="<b>7")])
    label = {"chain": "ripple", "category": "scam", "name": "A user", "source": "desk", "address": EXCHANGE}
    api.post("/v1/labels", json={"labels": [label | {"tag": "<b>7"}]}).raise_for_status()
    escaped = "&lt;b&gt;7"
    for page in (
        "/labels", "/labels?tag=%3Cb%3E7", f"/wallets/ripple:{EXCHANGE}",
        f"/wallets/ripple:{EXCHANGE}/transfers", f"/wallets/ripple:{EXCHANGE}/transfers?tag=%3Cb%3E7",
    ):  # fmt: skip
        text_of = api.get(page, headers={"Accept": "text/html"}).text
        assert escaped in text_of, page
        assert "<b>7" not in text_of, page
    with postgres.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM labels WHERE tag = '<b>7'")).scalar_one() == 1
