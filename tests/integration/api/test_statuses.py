"""Every operation by every status that the document promises: each cell of the table is seen here."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.api.routes import questions
from app.explorer import neighbours, picture
from app.record.imports import begin_import
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.locks import Lock, acquire
from app.stores.postgres import Postgres
from app.verify import diff_lists
from tests.support.api.path_values import path_values
from tests.support.builders import transfer
from tests.support.ingesting import ingest, produce_raw, wait_until
from tests.support.record import change, label, score
from tests.support.run_story import BOB, MIXER, STORY
from tests.support.serving import served

PATHS = json.loads((PROJECT / "docs" / "openapi.json").read_text())["paths"]
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in PATHS.items()
    for method, operation in methods.items()
}
CELLS = {(name, int(status)) for name, (_, _, each) in OPERATIONS.items() for status in each["responses"]}
NOBODY = f"0x{9_999:040x}"
NO_ID = "00000000-0000-4000-8000-000000000000"
SUBJECT = {"type": "wallet", "address": BOB}
LATER = {"type": "transfer", "chain": "ethereum", "transaction_hash": f"0x{98:064x}", "transfer_index": 0}
LABEL = {"chain": "ethereum", "address": BOB, "category": "scam", "name": "x", "source": "desk"}
BODIES: dict[str, Any] = {
    "start_run": {},
    "reconcile_graph": {},
    "mark_holes_seen": {"hole_ids": [1]},
    "expand_wallet": {"way": "in", "shown": []},
    "get_picture": {"chain": "ethereum", "shown": [BOB]},
    "publish_transfers": {"transfers": [{}]},
    "add_labels": {"labels": [LABEL]},
    "ask_question": {"wallet": f"ethereum:{BOB}"},
    "screen_subjects": {"subjects": [SUBJECT]},
    "watch_wallets": {"watched_wallets": [{"chain": "ethereum", "address": BOB}]},
    "update_alert": {"status": "in_review"},
    "add_webhook": {"url": "https://desk.example/aml"},
}
PARAMETERS: dict[str, dict[str, str]] = {"list_matches": {"q": BOB}}
"""Of operations that cannot be asked without any."""
OF_WALLETS = [name for name, (_, path, _) in OPERATIONS.items() if "{wallet}" in path]
NEEDS_NO_RECORD = {"get_health", "get_ready"}


class Table:
    """The cells that were seen."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()
        self.values: dict[str, Any] = {}

    def ask(self, client: httpx.Client, name: str, **options: Any) -> httpx.Response:  # noqa: ANN401
        """One request; its status is noted, and its error is a problem."""
        method, path, _ = OPERATIONS[name]
        values = self.values | options.pop("values", {})
        if name in BODIES and not {"content", "json"} & options.keys():
            options["json"] = BODIES[name]
        options.setdefault("params", PARAMETERS.get(name))
        answer = client.request(method, path.format(**values), **options)
        self.seen.add((name, answer.status_code))
        if answer.status_code >= 400 and (name, answer.status_code) != ("get_ready", 503):
            assert answer.headers["content-type"] == "application/problem+json", answer.text
            assert answer.json()["status"] == answer.status_code
        return answer


@contextmanager
def away(settings: Settings) -> Iterator[httpx.Client]:
    """The API with a record that does not answer."""
    nobody = socket.create_server(("127.0.0.1", 0))
    port = nobody.getsockname()[1]
    nobody.close()
    postgres = Postgres(SecretStr(f"postgresql://u:p@127.0.0.1:{port}/none"))
    graph = Graph(f"bolt://127.0.0.1:{port}", "neo4j", SecretStr("x"), retry_seconds=0)
    gone = settings.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{port}"})
    with served(gone, postgres, graph) as client:
        yield client
    graph.close()
    postgres.close()


def test_every_cell_of_the_table_is_seen(
    settings: Settings, postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table()
    label(postgres, MIXER, "mixer")
    ingest(settings, postgres, graph, STORY)
    produce_raw(settings, [(None, b"{")])
    ingest(settings, postgres, graph)
    with served(settings, postgres, graph) as api:
        letter = api.get("/v1/dead-letters").json()["dead_letters"][0]
        table.values = {
            "wallet": f"ethereum:{BOB}", "run_id": 1, "run_id_before": 1, "run_id_after": 2,
            "operation_id": "0" * 32, "topic": letter["topic"], "partition": letter["partition"],
            "offset": letter["offset"], "name": "transfer", "question": "01",
            "import_id": imported(postgres),
            "transaction_hash": transfer(10, 1, 2, 1).transaction_hash,
            **dict.fromkeys(("screening_id", "alert_id", "delivery_id"), 1),
            **dict.fromkeys(("reference_id", "endpoint_id", "watched_id"), NO_ID),
        }  # fmt: skip
        before_any_run(table, api)
        for _ in range(2):
            score(postgres)
        good(table, api, postgres)
        bad(table, api)
        not_found(table, api)
        conflicts(table, api, postgres)
        monkeypatch.setattr(neighbours, "QUERY_SECONDS", 0.001)
        monkeypatch.setattr(picture, "QUERY_SECONDS", 0.001)
        monkeypatch.setattr(questions, "WALLET_SECONDS", 0.001)
        for name in ("expand_wallet", "get_picture", "ask_question"):
            wait_until(lambda: table.ask(api, name).status_code == 504)  # noqa: B023 - at once
    slow = settings.model_copy(update={"cypher_engine_seconds": 1e-6})
    with served(slow, postgres, graph) as api:
        table.ask(api, "start_run", json={"engine": "cypher"}, headers={"Prefer": "wait=60"})
    with served(settings.model_copy(update={"api_requests_per_minute": 1}), postgres, graph) as api:
        too_many(table, api)
    with away(settings) as api:
        cookie = {"Cookie": f"aml_session_{api.base_url.port}=x", "Authorization": ""}
        for name in OPERATIONS.keys() - {"get_health"}:
            table.ask(api, name, headers={} if name in NEEDS_NO_RECORD else cookie)
    assert CELLS - table.seen == set()
    assert table.seen - CELLS == set()


def imported(postgres: Postgres) -> str:
    """An import that no message came of."""
    return postgres.run(lambda connection: begin_import(connection, "d" * 64, "e/", 0, is_of_blocks=False))


def before_any_run(table: Table, api: httpx.Client) -> None:
    for name in ("list_top_scores", "get_score_table", "get_score_report"):
        assert table.ask(api, name).status_code == 409


def good(table: Table, api: httpx.Client, postgres: Postgres) -> None:
    waiting = {"Prefer": "wait=60"}
    change(
        postgres,
        "INSERT INTO holes (topic, partition, series, reason, from_offset)"
        " VALUES ('t', 0, 1, 'retention', 0)",
    )
    with diff_lists._one_at_a_time:  # whoever computes a comparison holds it
        assert table.ask(api, "compare_runs").status_code == 202
    for name in ("reload_graph", "start_run", "reconcile_graph", "verify_run", "undo_import"):
        done = table.ask(api, name, headers=waiting)
        assert done.status_code == 200, done.text
        accepted = table.ask(api, name)
        assert accepted.status_code == 202, accepted.text
        operation = accepted.headers["location"].rpartition("/")[2]
        if name == "reload_graph":
            assert table.ask(api, "get_operation", values={"operation_id": operation}).status_code == 200
        wait_until(lambda: table.ask(api, name, headers=waiting).status_code == 200)  # noqa: B023 - at once
    screened = table.ask(api, "screen_subjects", json={"subjects": [LATER]})
    assert screened.status_code == 202, screened.text
    (later,) = screened.json()["screenings"]
    later_id = {"screening_id": later["screening_id"]}
    assert table.ask(api, "get_screening", values=later_id).status_code == 202
    table.values |= path_values(api, MIXER, BOB)
    change(postgres, "UPDATE scoring_runs SET status = 'running' WHERE run_id = 1")
    with postgres.transaction() as connection:
        acquire(connection, Lock.RUN)
        assert table.ask(api, "cancel_run").status_code == 202
    assert table.ask(api, "cancel_run").status_code == 200
    change(postgres, "UPDATE scoring_runs SET status = 'completed', error = NULL WHERE run_id = 1")
    change(postgres, "UPDATE published_run SET run_id = 2")
    names = OPERATIONS.keys() - {"get_operation", "cancel_run", "start_run", "verify_run"}
    for name in sorted(names, key=lambda name: OPERATIONS[name][0] == "DELETE"):  # what others ask about
        answer = table.ask(api, name, headers=waiting)
        assert answer.status_code == 200, (name, answer.text)


def bad(table: Table, api: httpx.Client) -> None:
    for name, (_, _, operation) in OPERATIONS.items():
        if "security" in operation:
            assert table.ask(api, name, headers={"Authorization": "Bearer other"}).status_code == 401
        assert table.ask(api, name, headers={"Host": "rebound.example"}).status_code == 403
        assert table.ask(api, name, params={"no_such": 1}).status_code == 422
        if "requestBody" in operation:
            sent = {"Content-Type": "application/json"}
            assert table.ask(api, name, content=b'"\xff"', headers=sent).status_code == 400
            assert table.ask(api, name, content=b" " * 3_000_000, headers=sent).status_code == 413
            packed = sent | {"Content-Encoding": "gzip"}
            assert table.ask(api, name, content=b"{}", headers=packed).status_code == 415


def too_many(table: Table, api: httpx.Client) -> None:
    assert api.get("/v1/version").status_code == 200
    for name, (_, _, operation) in OPERATIONS.items():
        answer = table.ask(api, name)
        if "security" in operation:
            assert answer.status_code == 429
            assert 1 <= int(answer.headers["retry-after"]) <= 60
        else:  # whoever watches the process is never told to wait
            assert answer.status_code in {200, 503}


def not_found(table: Table, api: httpx.Client) -> None:
    nothing = {
        "wallet": f"ethereum:{NOBODY}", "run_id": 99, "run_id_before": 98, "operation_id": "1" * 32,
        "offset": 10**6, "question": "no_such", "import_id": "0" * 12, "transaction_hash": f"0x{99:064x}",
        **dict.fromkeys(("screening_id", "alert_id", "delivery_id"), 10**6),
        **dict.fromkeys(("reference_id", "endpoint_id", "watched_id"), NO_ID),
    }  # fmt: skip
    asked: dict[str, Any] = {
        "list_top_scores": {"params": {"run_id": 99}},
        "get_score_table": {"params": {"run_id": 99}},
        "mark_holes_seen": {"json": {"hole_ids": [99]}},
        "get_picture": {"json": {"chain": "ethereum", "shown": [NOBODY]}},
    }
    for name, status in CELLS:
        if status == 404:
            options = asked.get(name, {"values": nothing})
            assert table.ask(api, name, **options).status_code == 404, name


def conflicts(table: Table, api: httpx.Client, postgres: Postgres) -> None:
    label(postgres, BOB, "exchange", chain="polygon")
    for name, status in CELLS:
        if status == 409 and name in OF_WALLETS:
            assert table.ask(api, name, values={"wallet": BOB}).json()["choices"], name
    assert table.ask(api, "ask_question", json={"wallet": BOB}).json()["choices"]
    reopened_beside_another(table, api, postgres)
    assert table.ask(api, "cancel_run").status_code == 409
    change(postgres, "UPDATE scoring_runs SET status = 'failed' WHERE run_id = 1")
    for name in ("verify_run", "compare_runs", "get_unrated", "list_unused_prices"):
        assert table.ask(api, name).status_code == 409
    change(postgres, "UPDATE scoring_runs SET status = 'completed' WHERE run_id = 1")
    for name, lock in (
        ("reload_graph", Lock.REBUILD),
        ("reconcile_graph", Lock.RECONCILE),
        ("start_run", Lock.RUN),
    ):
        with postgres.transaction() as connection:
            acquire(connection, lock)
            assert table.ask(api, name, headers={"Prefer": "wait=60"}).status_code == 409, name


def reopened_beside_another(table: Table, api: httpx.Client, postgres: Postgres) -> None:
    alert_id = table.values["alert_id"]
    change(
        postgres,
        f"UPDATE alerts SET status = 'closed', outcome = 'no_action' WHERE alert_id = {alert_id}",  # noqa: S608
    )
    change(
        postgres,
        "INSERT INTO alerts (rule, chain, address, sentence, retrospective, policy_digest, evidence)"  # noqa: S608
        " SELECT rule, chain, address, sentence, retrospective, policy_digest, evidence FROM alerts"
        f" WHERE alert_id = {alert_id}",
    )
    assert table.ask(api, "update_alert", json={"status": "open"}).status_code == 409
