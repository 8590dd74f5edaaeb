"""How fast pages begin to arrive: the leaderboard over many scored wallets, wallets beside a hub, the hub.

The record: a hub without a label that receives from half of the wallets and pays the other half, some of the
payers labelled. All of it goes through the real writer, projection, scoring run and API process.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from statistics import median, quantiles
from typing import Any

import httpx

from app.domain import Transfer
from app.labels.store import LabelRow, import_labels
from app.policy.policy import load_policy
from app.projection.pending import project_all_pending
from app.runs.run import run_scoring
from bench.machine import machine
from bench.processes import benched_api
from bench.stores import Stores, address, stores, transfer, write

HUB, PAYERS, PAYEES = 1, 0xA000_0000, 0xB000_0000
"""Numbers of the hub, of the first wallet that pays, and of the first that is paid."""
CATEGORIES = ("mixer", "scam", "exchange", "gambling", "sanctioned")
_EXPANSION = {"direction": "in", "shown": [{"address": address(HUB), "column": 0, "row": 0}]}
LABELLED_OF = 100
"""One payer in so many is labelled."""


def run(wallets: int, hub_transfers: int, requests: int) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary."""
    os.environ.update({"AML_API_AUTH": "off", "AML_EVIDENCE_TIMEOUT_SECONDS": "30"})
    with stores() as s:
        _fill(s, wallets, hub_transfers)
        with benched_api(s.settings, accept="text/html") as client:
            return {"machine": machine(), "wallets": wallets, "hub_transfers": hub_transfers} | _measure(
                client, hub_transfers, requests
            )


def _fill(s: Stores, wallets: int, hub_transfers: int) -> None:
    policy = load_policy(s.settings.policy_file)
    write(s.postgres, [*_through_hub(hub_transfers), *_pairs(hub_transfers, wallets // 2 - hub_transfers)])
    labels = [
        LabelRow(
            "ethereum",
            address(PAYERS + n),
            CATEGORIES[n // LABELLED_OF % 5],
            f"Payer {n}",
            "bench",
            90,
            None,
            None,
            "",
        )
        for n in range(0, wallets // 2, LABELLED_OF)
    ]
    import_labels(s.postgres, labels, policy.categories)
    project_all_pending(s.postgres, s.graph)
    for _ in range(2):  # the second has a run before it to show the change since
        run_scoring(s.postgres, s.graph, policy, engine="ledger")


def _through_hub(transfers: int) -> Iterator[Transfer]:
    for n in range(transfers):
        yield transfer(2 * n, PAYERS + n, HUB, 10**18 + 2 * n, usd=3_000)
        yield transfer(2 * n + 1, HUB, PAYEES + n, 10**18 + 2 * n + 1, usd=3_000)


def _pairs(begin: int, count: int) -> Iterator[Transfer]:
    for n in range(begin, begin + count):
        yield transfer(3 * n, PAYERS + n, PAYEES + n, 10**18 + 3 * n, usd=3_000)


def _measure(client: httpx.Client, hub_transfers: int, requests: int) -> dict[str, Any]:
    filters = ["", "?level=low", "?level=severe", "?category=gambling", "?direction=source&category=exchange"]
    boards = [f"/{filters[n % len(filters)]}" for n in range(requests)]
    step = max(hub_transfers // requests, 1)
    beside = [f"/wallets/ethereum:{address(PAYEES + n * step)}" for n in range(requests)]
    hub = min(requests, 20)
    for path in (*filters, *beside[:3]):  # the first of each loads what every later one finds loaded
        client.get(path or "/").raise_for_status()
    return {
        "leaderboard": _first_bytes(client, boards),
        "wallet_beside_hub": _first_bytes(client, beside),
        "the_hub": _first_bytes(client, [f"/wallets/ethereum:{address(HUB)}"] * hub),
        "the_hub_explored": _first_bytes(client, [f"/explore/ethereum:{address(HUB)}"] * hub),
        "the_hub_expanded": _first_bytes(client, [f"/v1/explore/ethereum:{address(HUB)}"] * hub, _EXPANSION),
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
