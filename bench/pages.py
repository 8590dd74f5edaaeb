"""How fast pages begin to arrive: the leaderboard over many scored wallets, wallets beside a hub, the hub.

The record: a hub without a label that receives from half of the wallets and pays the other half, some of the
payers labelled. All of it goes through the real writer, projection, scoring run and API process.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from app.domain import Transfer
from app.graph import Graph
from app.labels.store import LabelRow, import_labels
from app.migrate import migrate
from app.postgres import Postgres
from app.projection.owed import project_all_owed
from app.projection.schema import prepare
from app.scoring.policy import load_policy
from app.scoring.reads import record_id
from app.scoring.run import run_scoring
from app.settings import PROJECT, Settings
from bench.machine import machine
from embedded.stack import Stack
from embedded.urls import environment
from ingest.writer import Message, write_batch

HUB = f"0x{1:040x}"
START = datetime(2024, 1, 1, tzinfo=UTC)
CATEGORIES = ("mixer", "scam", "exchange", "gambling", "sanctioned")
_EXPANSION = {"direction": "in", "shown": [{"address": HUB, "column": 0, "row": 0}]}
LABELLED_OF = 100
"""One payer in so many is labelled."""


def run(wallets: int, hub_transfers: int, requests: int) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary."""
    with tempfile.TemporaryDirectory(prefix="aml-bench-") as folder, Stack(Path(folder) / "home") as stack:
        os.environ.update(
            environment(stack.urls) | {"AML_API_AUTH": "off", "AML_EVIDENCE_TIMEOUT_SECONDS": "30"}
        )
        settings = Settings()
        postgres = Postgres(settings.postgres_url)
        graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
        try:
            migrate(postgres)
            prepare(graph, record_id(postgres))
            _fill(postgres, graph, settings, wallets, hub_transfers)
        finally:
            graph.close()
            postgres.close()
        with _api(settings) as client:
            return {"machine": machine(), "wallets": wallets, "hub_transfers": hub_transfers} | _measure(
                client, hub_transfers, requests
            )


def _fill(postgres: Postgres, graph: Graph, settings: Settings, wallets: int, hub_transfers: int) -> None:
    policy = load_policy(settings.policy_file)
    transfers = [*_through_hub(hub_transfers), *_pairs(hub_transfers, (wallets - 2 * hub_transfers) // 2)]
    for begin in range(0, len(transfers), settings.batch_messages):
        batch = transfers[begin : begin + settings.batch_messages]
        messages = [Message("bench", 0, begin + i, None, b"", each) for i, each in enumerate(batch)]
        postgres.run(lambda connection: write_batch(connection, messages))  # noqa: B023 - run at once
    labels = [
        LabelRow(
            "ethereum", _payer(n), CATEGORIES[n // LABELLED_OF % 5], f"Payer {n}", "bench", 90, None, None, ""
        )
        for n in range(0, wallets // 2, LABELLED_OF)
    ]
    import_labels(postgres, labels, policy.categories)
    project_all_owed(postgres, graph)
    for _ in range(2):  # the second has a run before it to show the change since
        run_scoring(postgres, graph, policy, engine="ledger", cypher_max_transfers=0)


def _through_hub(transfers: int) -> Iterator[Transfer]:
    for n in range(transfers):
        yield _transfer(2 * n, _payer(n), HUB)
        yield _transfer(2 * n + 1, HUB, _payee(n))


def _pairs(begin: int, count: int) -> Iterator[Transfer]:
    for n in range(begin, begin + count):
        yield _transfer(3 * n, _payer(n), _payee(n))


def _transfer(n: int, sender: str, receiver: str) -> Transfer:
    return Transfer(
        chain="ethereum",
        transaction_hash=f"0x{n:064x}",
        transfer_index=0,
        block_number=n,
        transaction_index=0,
        occurred_at=START + timedelta(seconds=n),
        sender=sender,
        receiver=receiver,
        asset="ETH",
        amount=10**18 + n,
        decimals=18,
        usd_value=Decimal(3_000),
    )


def _payer(n: int) -> str:
    return f"0x{0xA000_0000 + n:040x}"


def _payee(n: int) -> str:
    return f"0x{0xB000_0000 + n:040x}"


def _measure(client: httpx.Client, hub_transfers: int, requests: int) -> dict[str, Any]:
    filters = ["", "?level=low", "?level=severe", "?category=gambling", "?direction=source&category=exchange"]
    boards = [f"/{filters[n % len(filters)]}" for n in range(requests)]
    step = max(hub_transfers // requests, 1)
    beside = [f"/wallets/ethereum:{_payee(n * step)}" for n in range(requests)]
    hub = min(requests, 20)
    for path in (*filters, *beside[:3]):  # the first of each loads what every later one finds loaded
        client.get(path or "/").raise_for_status()
    return {
        "leaderboard": _first_bytes(client, boards),
        "wallet_beside_hub": _first_bytes(client, beside),
        "the_hub": _first_bytes(client, [f"/wallets/ethereum:{HUB}"] * hub),
        "the_hub_explored": _first_bytes(client, [f"/explore/ethereum:{HUB}"] * hub),
        "the_hub_expanded": _first_bytes(client, [f"/v1/explore/ethereum:{HUB}"] * hub, _EXPANSION),
    }


def _first_bytes(
    client: httpx.Client, paths: Sequence[str], posted: Mapping[str, Any] | None = None
) -> dict[str, float]:
    """Milliseconds until the first byte of the body; with something to post, of the answer to it."""
    found = []
    for path in paths:
        began = time.perf_counter()
        with client.stream("GET" if posted is None else "POST", path, json=posted) as response:
            response.raise_for_status()
            body = response.iter_raw()
            next(body)
            found.append((time.perf_counter() - began) * 1_000)
            for _ in body:
                pass
    return {"p50_ms": round(median(found), 1), "p95_ms": round(quantiles(found, n=20)[-1], 1)}


@contextmanager
def _api(settings: Settings) -> Iterator[httpx.Client]:
    url = f"http://{settings.api_host}:{settings.api_port}"
    with (
        subprocess.Popen(
            [sys.executable, "-m", "app", "api"],
            cwd=PROJECT,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ) as child,
        httpx.Client(base_url=url, headers={"Accept": "text/html"}, timeout=120, trust_env=False) as client,
    ):
        try:
            while child.poll() is None:
                try:
                    client.get("/health").raise_for_status()
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
            yield client
        finally:
            child.terminate()
