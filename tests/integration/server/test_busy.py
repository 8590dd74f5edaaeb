"""Those who read slowly, wait or ask for much hold nothing that the others need."""

import gc
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from select import select
from time import sleep

import httpx
import pytest

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.locks import Lock, acquire
from app.stores.postgres import Postgres
from app.verify import diff_lists
from tests.support.environment import API_TOKEN
from tests.support.ingesting import wait_until
from tests.support.record import ask, change, score
from tests.support.run_story import ALICE, BOB, tell_project_and_score
from tests.support.serving import served

WALLETS = 40_000
STRANGERS = 60
LATER = {"type": "transfer", "chain": "ethereum", "transaction_hash": f"0x{98:064x}", "transfer_index": 0}
HEAD = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {API_TOKEN}\r\n"
IDLE = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction'
"""
COPIES = """
    INSERT INTO wallets (chain, address, batch_id)
    SELECT 'ethereum', '0x' || lpad(to_hex(4096 + i), 40, '0'), batch_id
    FROM generate_series(1, :wallets) i, wallets WHERE address = :like
"""
THEIR_SCORES = """
    INSERT INTO risk_scores
    SELECT copied.* FROM risk_scores s JOIN wallets w USING (wallet_id), wallets more,
        jsonb_populate_record(s, jsonb_build_object('wallet_id', more.wallet_id)) copied
    WHERE w.address = :like AND more.wallet_id > :last
"""


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_project_and_score(postgres, graph, "ledger")
    with served(settings, postgres, graph) as client:
        yield client


@contextmanager
def asked(
    client: httpx.Client, number: int, request: Callable[[int], str], *, receive_bytes: int = 0
) -> Iterator[list[socket.socket]]:
    """So many connections that have sent a request and read nothing."""
    with ExitStack() as stack:
        sockets = []
        for each in range(number):
            connection = stack.enter_context(socket.socket())
            if receive_bytes:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            connection.settimeout(60)
            connection.connect((client.base_url.host, client.base_url.port or 0))
            connection.sendall(request(each).encode())
            sockets.append(connection)
        yield sockets


def answered(sockets: list[socket.socket]) -> int:
    """Of how many the answer has begun."""
    return len(select(sockets, [], [], 0)[0])


def many_wallets(postgres: Postgres) -> None:
    """As many scores as an export needs that no buffer on the way holds."""
    last = ask(postgres, "SELECT max(wallet_id) FROM wallets")
    change(postgres, COPIES, WALLETS, wallets=WALLETS, like=ALICE)
    change(postgres, THEIR_SCORES, WALLETS, like=ALICE, last=last)


def slow_readers(client: httpx.Client, number: int):  # noqa: ANN201 - of `asked`
    return asked(client, number, lambda _: f"GET /v1/export/scores {HEAD}\r\n", receive_bytes=4_096)


def test_slow_readers_of_an_export_hold_no_connection_of_the_record(
    client: httpx.Client, postgres: Postgres
) -> None:
    many_wallets(postgres)
    with slow_readers(client, 24) as readers:
        wait_until(lambda: answered(readers) == len(readers))
        sleep(2)  # what a buffer holds has been sent: from here on the server waits for them
        for _ in range(3):
            answer = client.get(f"/v1/scores/{ALICE}")
            assert answer.status_code == 200, answer.text
        wait_until(lambda: ask(postgres, IDLE) == 0)


def test_an_export_whose_reader_is_gone_ends(client: httpx.Client, postgres: Postgres) -> None:
    many_wallets(postgres)
    gc.disable()  # the work ends, and not only where Python finds it
    try:
        with slow_readers(client, 24) as readers:
            wait_until(lambda: answered(readers) == len(readers))
        for _ in range(3):
            answer = client.get(f"/v1/scores/{ALICE}")
            assert answer.status_code == 200, answer.text
    finally:
        gc.enable()


def test_an_export_is_whole(client: httpx.Client, postgres: Postgres) -> None:
    many_wallets(postgres)
    lines = client.get("/v1/export/scores").text.splitlines()
    total = client.get("/v1/scores/top", params={"total": True, "limit": 1}).json()["total"]
    assert len(lines) == total + 1 > WALLETS
    assert len({line.split(",")[1] for line in lines}) == total + 1


def test_a_run_that_is_deleted_while_it_is_exported_ends_the_answer(
    client: httpx.Client, postgres: Postgres
) -> None:
    many_wallets(postgres)
    with slow_readers(client, 1) as (reader,):
        wait_until(lambda: answered([reader]) == 1)
        sleep(1)
        change(postgres, "UPDATE scoring_runs SET status = 'failed'", None)
        received = b""
        while part := reader.recv(1 << 20):
            received += part
        assert not received.endswith(b"0\r\n\r\n")  # the last chunk: the client sees that it is incomplete


def test_who_waits_for_screenings_holds_no_thread(client: httpx.Client) -> None:
    screened = client.post("/v1/screenings", json={"subjects": [LATER] * STRANGERS}).json()["screenings"]
    ids = [each["screening_id"] for each in screened]
    with asked(
        client, STRANGERS, lambda each: f"GET /v1/screenings/{ids[each]} {HEAD}Prefer: wait=6\r\n\r\n"
    ) as waiting:
        for _ in range(3):
            assert client.get("/v1/version").status_code == 200
            assert client.get(f"/v1/scores/{ALICE}").status_code == 200
        assert answered(waiting) == 0
        assert {each.recv(12) for each in waiting} == {b"HTTP/1.1 202"}


def test_who_waits_for_a_run_of_one_key_holds_no_thread(client: httpx.Client, postgres: Postgres) -> None:
    change(
        postgres, "UPDATE scoring_runs SET status = 'running', idempotency_key = 'k', request_digest = NULL"
    )
    body = (
        "Idempotency-Key: k\r\nPrefer: wait=300\r\nContent-Length: 2\r\n"
        "Content-Type: application/json\r\n\r\n{}"
    )
    with asked(client, STRANGERS, lambda _: f"POST /v1/run-score {HEAD}{body}") as waiting:
        with postgres.transaction() as connection:
            acquire(connection, Lock.RUN)
            for _ in range(3):
                assert client.get("/v1/version").status_code == 200
                assert client.get("/v1/runs/1").json()["status"] == "running"
            assert answered(waiting) == 0
            change(postgres, "UPDATE scoring_runs SET status = 'completed'")
        assert {each.recv(12) for each in waiting} == {b"HTTP/1.1 200"}


def test_who_waits_for_long_work_holds_no_thread(client: httpx.Client, postgres: Postgres) -> None:
    second = score(postgres)
    path = f"/v1/runs/{second - 1}/diff/{second}"
    with (
        asked(client, STRANGERS, lambda _: f"GET {path} {HEAD}Prefer: wait=300\r\n\r\n") as waiting,
        ExitStack() as held,
    ):
        held.enter_context(diff_lists._one_at_a_time)  # whoever computes a comparison holds it
        for _ in range(3):
            assert client.get("/v1/version").status_code == 200
        early = answered(waiting)
        held.close()
        statuses = [each.recv(12) for each in waiting]
        assert set(statuses) == {b"HTTP/1.1 200"}
        assert early < STRANGERS


def test_a_wait_for_a_comparison_is_no_fault_of_a_server(client: httpx.Client, postgres: Postgres) -> None:
    second = score(postgres)
    with diff_lists._one_at_a_time:
        answer = client.get(f"/v1/runs/{second - 1}/diff/{second}", headers={"Prefer": "wait=300"})
    assert answer.status_code == 202, answer.text
    assert answer.headers["preference-applied"] == "wait=8"


def test_those_who_ask_for_much_let_others_pass(client: httpx.Client) -> None:
    subjects = {"subjects": [{"type": "wallet", "address": wallet} for wallet in (ALICE, BOB)] * 500}
    heavy = [lambda: client.get(f"/v1/scores/explain/{ALICE}")] * STRANGERS
    heavy += [lambda: client.post("/v1/screenings", json=subjects)] * 8
    with ThreadPoolExecutor(len(heavy)) as threads:
        asked_for = [threads.submit(each) for each in heavy]
        sleep(0.5)
        for _ in range(3):
            assert client.get("/v1/version").status_code == 200
        waiting = sum(not each.done() for each in asked_for)
        statuses = [each.result().status_code for each in asked_for]
    assert waiting > len(heavy) // 2
    assert set(statuses[:STRANGERS]) <= {200, 503}  # the limit of a GET, where the machine is slow
    assert set(statuses[STRANGERS:]) == {200}
