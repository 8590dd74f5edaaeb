"""How long the numbered questions take on a large graph: those of a wallet many times, the others once.

On embedded PostgreSQL and Neo4j with the JVM's full compiler. The record is filled and the graph rebuilt from
it. A question that reaches its time limit is counted as that long.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from statistics import quantiles
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy import text

from app.errors import QueryTimeout
from app.investigation.asking import ask
from app.investigation.questions import Question, questions
from app.policy.policy import load_policy
from app.projection.rebuild import rebuild
from app.runs.run import run_scoring
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from bench.ledger import CATEGORIES, Ledger
from bench.machine import machine
from bench.stores import stores
from bench.targets import Target

log = structlog.get_logger()
SECONDS = 60.0
_WALLETS = text("SELECT address FROM wallets ORDER BY address")
_LABELLED = text("SELECT w.address FROM labels JOIN wallets w USING (chain, address) ORDER BY w.address")
_HASHES = text("SELECT transaction_hash FROM transactions ORDER BY transfer_id LIMIT 1000")


def run(transfers: int = 300_000, requests: int = 100, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary.

    Args:
        transfers: size of the graph.
        requests: how often each question of a wallet is asked, each time of another wallet.
        only: numbers of the questions to ask; all without any.
    """
    os.environ.setdefault("AML_FAST_START", "0")
    rows = []
    with stores() as s:
        policy = load_policy(s.settings.policy_file)
        ledger = Ledger(s.postgres, policy)
        ledger.grow(transfers)
        rebuild(s.postgres, s.graph, lambda _step, _part: None)
        run_scoring(s.postgres, s.graph, policy, engine="ledger")
        asked = list(_parameters(s.postgres, requests))
        for each in questions():
            if only and each.number not in only:
                continue
            rows.append(_measured(s.graph, each, asked if each.is_of_wallet else asked[:1]))
            log.info("measured", **rows[-1])
    return {
        "command": f"aml bench questions --transfers {transfers} --requests {requests}",
        "machine": machine(),
        "what": f"each question with its defaults, one at a time, of {ledger.wallets:,} wallets chosen at "
        "random; the other wallet is labelled",
        "rows": rows,
        "targets": [target.shown() for target in _targets(rows)],
    }


def _parameters(postgres: Postgres, requests: int) -> Iterator[Mapping[str, Any]]:
    """What each request asks about: a wallet, another one, a category, a transaction."""
    chance = Random(1)  # noqa: S311 - a workload
    with postgres.transaction() as connection:
        wallets = list(connection.execute(_WALLETS).scalars())
        labelled = list(connection.execute(_LABELLED).scalars())
        hashes = list(connection.execute(_HASHES).scalars())
    for _ in range(requests):
        yield {
            "chain": "ethereum",
            "wallet": chance.choice(wallets),
            "other": chance.choice(labelled),
            "category": chance.choice(CATEGORIES),
            "transaction_hash": chance.choice(hashes),
            "words": "sanctioned",
            "watermark": 0,
        }


def _measured(graph: Graph, about: Question, asked: list[Mapping[str, Any]]) -> dict[str, Any]:
    seconds: list[float] = []
    limit_reached = rows = 0
    for values in [*asked[:3], *asked]:  # the first ones again: planned and warm
        given = {name: value for name, value in values.items() if name in about.query.params}
        with _timed(seconds):
            try:
                rows += len(ask(graph, about, given, timeout_seconds=SECONDS))
            except QueryTimeout:
                limit_reached += 1
    seconds = seconds[len(asked[:3]) :]
    cuts = quantiles(seconds, n=100) if len(seconds) > 1 else [seconds[0]] * 99
    return {
        "question": f"{about.number} {about.title}",
        "is_of_wallet": about.is_of_wallet,
        "requests": len(seconds),
        "rows": rows,
        "p50_ms": round(cuts[49] * 1e3, 1),
        "p95_ms": round(cuts[94] * 1e3, 1),
        "worst_ms": round(max(seconds) * 1e3, 1),
        "limit_reached": limit_reached,
        "load_1_minute": round(os.getloadavg()[0], 1),
    }


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    began = perf_counter()
    yield
    seconds.append(perf_counter() - began)


def _targets(rows: list[dict[str, Any]]) -> Iterator[Target]:
    for row in rows:
        limit = 1_000 if row["is_of_wallet"] else 30_000
        yield Target(f"{row['question']}: p95, ms", limit, row["p95_ms"])
