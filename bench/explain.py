"""How fast one wallet is explained over HTTP, on a graph without a hub and with one.

The real API in a process of its own, on embedded PostgreSQL and Neo4j with the JVM's full compiler. The
record is filled and scored (ledger engine), and the graph rebuilt from it. Wallets are asked for one after
the other, each once, after others have warmed the servers up. Every answer is checked: its contributions add
up to its score, and the paths with what they leave out add up to the contributions.
"""

import os
from collections import Counter
from collections.abc import Sequence
from random import Random
from statistics import quantiles
from time import perf_counter
from typing import Any

import httpx
import structlog
from sqlalchemy import text

from app.domain import parse_points
from app.policy.policy import load_policy
from app.projection.pending import project_all_pending
from app.projection.rebuild import rebuild
from app.projection.state import count
from app.runs.run import run_scoring
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from bench.ledger import HUB, Ledger, address
from bench.machine import machine
from bench.processes import benched_api
from bench.stores import stores
from bench.targets import Target

log = structlog.get_logger()

_SCORED = text("""
    SELECT w.address FROM risk_scores s JOIN published_run p ON is_of_run(s.run_id, s.until_run_id, p.run_id)
    JOIN wallets w USING (wallet_id) WHERE s.score > 0 ORDER BY w.address
""")
_BESIDE_HUB = text("""
    SELECT DISTINCT w.address FROM transactions t
    JOIN wallets w ON w.wallet_id = CASE WHEN t.sender_id = :hub THEN t.receiver_id ELSE t.sender_id END
    WHERE t.sender_id = :hub OR t.receiver_id = :hub ORDER BY w.address
""")


def run(
    transfers: int = 300_000, hub: int = 30_000, requests: int = 300, warm_up: int = 400
) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary.

    Args:
        transfers: size of the graph without the hub.
        hub: transfers into the hub, and as many out of it; as many others come with them.
        requests: wallets explained on each graph.
        warm_up: others explained before them, because the JVM compiles what it sees often.
    """
    os.environ.setdefault("AML_FAST_START", "0")
    rows: list[dict[str, Any]] = []
    with stores() as s, benched_api(s.settings) as client:
        policy = load_policy(s.settings.policy_file)
        ledger = Ledger(s.postgres, policy)
        for name, size, hub_every in (
            ("no hub", transfers, 0),
            (f"a hub of {hub:,} in and {hub:,} out", transfers + 4 * hub, 2),
        ):
            ledger.grow(size, hub_every=hub_every)
            began = perf_counter()
            _project(s.postgres, s.graph)
            projecting = perf_counter() - began
            run_scoring(s.postgres, s.graph, policy, engine="ledger")
            wallets = _wallets(s.postgres, hub=bool(hub_every))
            for wallet in wallets[requests : requests + warm_up]:
                _explained(client, wallet)
            row: dict[str, Any] = {"graph": name, "transfers": size, "wallets": ledger.wallets}
            rows.append(row | _measured(client, wallets[:requests]))
            rows[-1]["projecting_seconds"] = round(projecting, 1)
            log.info("measured", **rows[-1])
    return {
        "command": f"aml bench explain --transfers {transfers} --hub {hub} --requests {requests} "
        f"--warm-up {warm_up}",
        "machine": machine(),
        "what": f"GET /scores/explain/{{wallet}}, one request at a time, each wallet once, threshold "
        f"{s.settings.evidence_threshold:g}, wallets with a score above 0, after {warm_up} others on the "
        "same graph; with a hub, every second wallet has paid it or was paid by it, and it is itself the "
        "first",
        "rows": rows,
        "targets": [target.shown() for target in _targets(rows)],
    }


def _project(postgres: Postgres, graph: Graph) -> None:
    """All of the record the first time, pages at a time, and then what is owed."""
    if count(graph).transfers:
        project_all_pending(postgres, graph)
    else:
        rebuild(postgres, graph, lambda _step, _part: None)


def _wallets(postgres: Postgres, *, hub: bool) -> list[str]:
    """Wallets with a score, in an order of their own; with a hub every second one is beside it."""
    chance = Random(1)  # noqa: S311 - a workload
    with postgres.transaction() as connection:
        anyone = list(connection.execute(_SCORED).scalars())
        beside = list(connection.execute(_BESIDE_HUB, {"hub": HUB + 1}).scalars()) if hub else []
    chance.shuffle(anyone)
    chance.shuffle(beside)
    mixed = [wallet for pair in zip(beside, anyone, strict=False) for wallet in pair]
    return list(dict.fromkeys([address(HUB), *mixed] if hub else anyone))


def _measured(client: httpx.Client, wallets: Sequence[str]) -> dict[str, Any]:
    seconds, statuses, reasons, paths = [], Counter[str](), Counter[str](), 0
    for wallet in wallets:
        began = perf_counter()
        answer = _explained(client, wallet)
        seconds.append(perf_counter() - began)
        statuses[answer["status"]] += 1
        reasons.update(answer["incomplete_reasons"])
        paths += len(answer["paths"])
        _check_sums(answer)
    cuts = quantiles(seconds, n=100)
    return {
        "requests": len(seconds),
        "paths_listed": paths,
        "p50_ms": round(cuts[49] * 1e3, 1),
        "p95_ms": round(cuts[94] * 1e3, 1),
        "worst_ms": round(max(seconds) * 1e3, 1),
        "fastest_ms": round(min(seconds) * 1e3, 1),
        "over_2_seconds": sum(one > 2 for one in seconds),  # noqa: PLR2004
        **{f"status_{status}": count for status, count in sorted(statuses.items())},
        "reasons": dict(reasons),
        "load_1_minute": round(os.getloadavg()[0], 1),
    }


def _explained(client: httpx.Client, wallet: str) -> dict[str, Any]:
    answer = client.get(f"/scores/explain/{wallet}")
    answer.raise_for_status()
    explained: dict[str, Any] = answer.json()
    return explained


def _check_sums(answer: dict[str, Any]) -> None:
    """An answer that says `complete` must account for every millionth of its score.

    Raises:
        AssertionError: it does not.
    """
    own = sum(parse_points(part["points"]) for part in answer["contributions"])
    if own != parse_points(answer["score"]):
        raise AssertionError(f"{answer['wallet']}: contributions of {own} for a score of {answer['score']}")
    if answer["status"] != "complete" or answer["direction"] not in {"source", "destination"}:
        return
    listed = sum(parse_points(p["points"]) for p in answer["paths"] if p["direction"] == answer["direction"])
    if listed + parse_points(answer["not_listed"]["points"]) != own:
        raise AssertionError(f"{answer['wallet']}: a complete answer whose paths do not add up")


def _targets(rows: list[dict[str, Any]]) -> list[Target]:
    plain, hub = rows
    return [
        Target("p50 without a hub, ms", 40, plain["p50_ms"]),
        Target("p95 without a hub, ms", 100, plain["p95_ms"]),
        Target("p95 with a hub, ms", 300, hub["p95_ms"]),
        Target("answers over 2 seconds with a hub", 0, hub["over_2_seconds"]),
        Target(
            "answers that are not complete, with a hub", 0, hub["requests"] - hub.get("status_complete", 0)
        ),
    ]
