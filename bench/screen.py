"""How fast screenings are answered over HTTP, with a large record and transfers arriving.

The real API and consumer, each a process of its own, on embedded servers with the JVM's full compiler. The
record is filled by COPY and scored. Then transfers arrive on Kafka at a steady rate, and meanwhile wallets
and deposits are screened, one request after the other. Beside them one row is read by its key, in this
process: what a figure is worth on another machine is its ratio to that.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from statistics import quantiles
from threading import Event, Thread
from typing import Any

import httpx
import structlog
from sqlalchemy import text

from app.domain import Transfer
from app.policy.policy import load_policy
from app.runs.run import run_scoring
from app.stores.limits import Work
from app.stores.postgres import Postgres
from bench.grown import fill_graph, following
from bench.ledger import Ledger
from bench.machine import machine
from bench.processes import BenchedConsumer, benched_api
from bench.servers import Servers, conditions, servers
from bench.targets import Target
from ingest.kafka.producer import produce

log = structlog.get_logger()

BATCH_SUBJECTS = 1_000
_WARM_UP = 200
_MEASURED_SECONDS = 120
"""No longer are known wallets measured."""
_FIRST_SECONDS = 8
"""Transfers arrive for so long before anything is measured: some wallets must be younger than the run."""
_NEVER_SEEN = 0xDEAD_0000_0000_0000_0000
_FRESH = text("""
    SELECT w.address FROM wallets w JOIN scoring_runs r ON r.run_id = (SELECT run_id FROM published_run)
    WHERE w.batch_id <= r.watermark
      AND EXISTS (SELECT FROM pools p WHERE p.wallet_id = w.wallet_id AND p.last_batch_id > r.watermark)
    LIMIT 20000
""")
_UNCHANGED = text("""
    SELECT w.address FROM wallets w JOIN scoring_runs r ON r.run_id = (SELECT run_id FROM published_run)
    WHERE w.batch_id <= r.watermark
      AND NOT EXISTS (SELECT FROM pools p WHERE p.wallet_id = w.wallet_id AND p.last_batch_id > r.watermark)
    LIMIT 20000
""")
_ONE_ROW = text("SELECT * FROM risk_scores WHERE wallet_id = :wallet_id")


def run(
    transfers: int = 300_000, *, rate: int = 500, requests: int = 400, deposits: int = 60
) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary.

    Args:
        transfers: how many the record holds.
        rate: how many arrive a second meanwhile.
        requests: wallets of each kind that are screened.
        deposits: deposits that are screened as their message is sent.
    """
    with servers() as s:
        ledger = Ledger(s.postgres, load_policy(s.settings.policy_file))
        ledger.grow(transfers)
        fill_graph(s, ledger, graph=True)
        run_scoring(s.postgres, s.graph, load_policy(s.settings.policy_file), engine="ledger")
        log.info("filled", transfers=transfers)
        with BenchedConsumer() as consumer, benched_api(s.settings) as client:
            consumer.wait_until_assigned()
            arriving = _Arriving(s, ledger, rate)
            with arriving:
                arriving.wait_until_some(rate * _FIRST_SECONDS)
                figures = _measured(s, client, arriving, requests, deposits)
        return {
            "command": f"aml bench screen --transfers {transfers} --rate {rate} --requests {requests} "
            f"--deposits {deposits}",
            "machine": machine(),
            **conditions(s.settings),
            "what": f"POST /v1/screenings, one request at a time, while {rate} transfers a second arrive;"
            " half of the known wallets have transfers younger than the run; deposits as they are sent",
            **figures,
            "targets": [target.shown() for target in _targets(figures)],
        }


class _Arriving:
    """Transfers that go to Kafka at a steady rate while the block lasts."""

    def __init__(self, s: Servers, ledger: Ledger, rate: int) -> None:
        self._settings = s.settings
        self._story = following(ledger, rate * 600)
        self._rate = rate
        self._stop = Event()
        self.sent = 0
        self._thread = Thread(target=self._work, name="arriving")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_until_some(self, count: int) -> None:
        """Returns when so many are sent."""
        while self.sent < count and self._thread.is_alive():
            time.sleep(0.1)

    def next_ones(self, ahead: int) -> Transfer:
        """One that is sent a little later."""
        return self._story[self.sent + ahead]

    def coming(self, seconds: int) -> frozenset[str]:
        """The wallets of the transfers of the next seconds."""
        some = self._story[self.sent : self.sent + seconds * self._rate]
        return frozenset(end for one in some for end in (one.sender, one.receiver))

    def is_sent(self, transfer: Transfer, begin: int) -> bool:
        """Whether it went to the topic; `begin` is where it cannot have been before."""
        return any(one is transfer for one in self._story[begin : self.sent])

    def _work(self) -> None:
        produce(self._paced(), self._settings)

    def _paced(self) -> Any:  # noqa: ANN401 - an iterator of transfers
        began = time.perf_counter()
        for position, transfer in enumerate(self._story):
            time.sleep(max(0.0, began + position / self._rate - time.perf_counter()))
            if self._stop.is_set():
                return
            yield transfer
            self.sent = position + 1


def _measured(
    s: Servers, client: httpx.Client, arriving: _Arriving, requests: int, deposits: int
) -> dict[str, Any]:
    chance = Random(1)  # noqa: S311 - a workload
    with s.postgres.transaction() as connection:
        fresh = list(connection.execute(_FRESH).scalars())
        unchanged = list(connection.execute(_UNCHANGED).scalars())
    coming = arriving.coming(_MEASURED_SECONDS)
    unchanged = [one for one in unchanged if one not in coming]  # they stay so while they are measured
    chance.shuffle(fresh)
    chance.shuffle(unchanged)
    known = [one for pair in zip(fresh, unchanged, strict=False) for one in pair]
    strangers = [f"0x{_NEVER_SEEN + number:040x}" for number in range(requests + _WARM_UP)]
    for one in (*known[-_WARM_UP:], *strangers[-_WARM_UP:]):
        _screened(client, [one])
    answers: list[dict[str, Any]] = []
    figures: dict[str, Any] = {
        "plain_row": _times(lambda n: _one_row(s.postgres, n + 1), requests),
        "known": _times(lambda n: answers.extend(_screened(client, [known[n]])), requests),
        "never_seen": _times(lambda n: _screened(client, [strangers[n]]), requests),
    }
    figures["known"]["computed_from"] = dict(
        Counter(f"{one['computed_from']['origin']} {one['status']}" for one in answers)
    )
    some = known[requests : requests + BATCH_SUBJECTS]
    begins = time.perf_counter()
    batch = _screened(client, some)
    figures["batch"] = {
        "subjects": len(some),
        "seconds": round(time.perf_counter() - begins, 2),
        "by_status": dict(Counter(one["status"] for one in batch)),
    }
    figures["deposits"] = _deposits(client, arriving, deposits)
    plain = max(figures["plain_row"]["p50_ms"], 0.001)
    for name in ("known", "never_seen"):
        figures[name]["p50_of_plain"] = round(figures[name]["p50_ms"] / plain, 1)
        figures[name]["p95_of_plain"] = round(figures[name]["p95_ms"] / plain, 1)
    figures["load_1_minute"] = round(os.getloadavg()[0], 1)
    return figures


def _times(work: Callable[[int], object], count: int) -> dict[str, Any]:
    seconds = []
    for number in range(count):
        began = time.perf_counter()
        work(number)
        seconds.append(time.perf_counter() - began)
    return _cuts(seconds)


def _cuts(seconds: Sequence[float]) -> dict[str, Any]:
    cuts = quantiles(seconds, n=100)
    return {
        "requests": len(seconds),
        "p50_ms": round(cuts[49] * 1e3, 2),
        "p95_ms": round(cuts[94] * 1e3, 2),
        "worst_ms": round(max(seconds) * 1e3, 2),
    }


def _one_row(postgres: Postgres, wallet_id: int) -> None:
    with postgres.during(Work.READ).transaction() as connection:
        connection.execute(_ONE_ROW, {"wallet_id": wallet_id}).all()


def _screened(client: httpx.Client, addresses: Sequence[str]) -> list[dict[str, Any]]:
    subjects = [{"type": "wallet", "address": f"ethereum:{one}"} for one in addresses]
    answer = client.post("/v1/screenings", json={"subjects": subjects})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["screenings"]
    return found


def _deposits(client: httpx.Client, arriving: _Arriving, count: int) -> dict[str, Any]:
    """Seconds from sending the message of a deposit until it is answered."""
    seconds, statuses = [], Counter[str]()
    for _ in range(count):
        begin = arriving.sent
        sent = arriving.next_ones(1)
        while not arriving.is_sent(sent, begin):
            time.sleep(0.001)
        began = time.perf_counter()
        subject = {
            "type": "transfer",
            "chain": sent.chain,
            "transaction_hash": sent.transaction_hash,
            "transfer_index": sent.transfer_index,
        }
        answer = client.post("/v1/screenings", json={"subjects": [subject]}, headers={"Prefer": "wait=30"})
        answer.raise_for_status()
        seconds.append(time.perf_counter() - began)
        statuses[answer.json()["screenings"][0]["status"]] += 1
    return _cuts(seconds) | {"by_status": dict(statuses)}


def _targets(figures: dict[str, Any]) -> list[Target]:
    return [
        Target("known wallet, p50 ms", 15, figures["known"]["p50_ms"]),
        Target("known wallet, p95 ms", 50, figures["known"]["p95_ms"]),
        Target("never seen, p95 ms", 10, figures["never_seen"]["p95_ms"]),
        Target("1,000 subjects, seconds", 3, figures["batch"]["seconds"]),
        Target("deposit after its message, p95 ms", 2_000, figures["deposits"]["p95_ms"]),
    ]
