"""Kills and cuts under load, and whether exactly the alerts are there that an undisturbed instance makes.

One instance is struck at random while events and labels arrive; another gets the same events and labels in
peace. Of rules on one transfer, label or flag the sets (wallet, rule, cause) must be equal. Which run or
screening saw a level first depends on when batches fell, so of rules on a level each alert is computed again.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Event, Thread, Timer
from time import monotonic, sleep
from typing import Any, Final

import httpx
import structlog

from app.errors import AmlError, DependencyMissing
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from bench.campaign.account import Made
from bench.campaign.alert_record import (
    AlertSet,
    caused_by_one_thing,
    delivered_ids,
    hurry_calls,
    is_anybody_due,
    is_scored,
    wrong_levels,
)
from bench.campaign.alert_story import NEVER_MOVED, WATCHED, event, labels_after
from bench.campaign.copies import Copies
from bench.campaign.instance import CampaignInstance, campaign_instance
from bench.campaign.kinds import Attack, Strike
from bench.campaign.receiver import Receiver
from bench.stores import address
from ingest.kafka.producer import publish

log = structlog.get_logger()

RECOVERY_SECONDS: Final = 300.0
MOST_AT_ONCE: Final = 12
CHUNK: Final = 10
LEAST_TRANSFERS: Final = 300
"""So many are sent however soon the faults are over: two labels come and some amounts are large."""
AT_ONCE: Final = 500
"""Transfers that are sent together in peace."""
_KINDS: Final = ("SIGKILL", "SIGSTOP", "connections cut", "sessions of PostgreSQL ended")
_NOT: Final = "supervisor"
"""Who restarts the others is struck by the campaign of messages."""
_RECEIVER: Final = "webhooks' receiver killed"
_CHAINS: Final = ("ethereum", "bsc", "arbitrum", "avalanche")
ENVIRONMENT: Final = {
    "AML_WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
    "AML_RUN_EVERY_MINUTES": "0.5",
    "AML_RUN_AFTER_CHANGES_MINUTES": "0.1",
}


def run(
    faults: int, *, seed: int, rate: float, told: Callable[[dict[str, Any]], None] = lambda _figures: None
) -> dict[str, Any]:
    """The figures of a campaign: `problems` are sentences, none where all is as it must be.

    Args:
        faults: how many.
        seed: which ones, and which events.
        rate: transfers a second.
        told: is given the figures so far after every burst.

    Raises:
        DependencyMissing: an instance did not come back, or did not settle.
    """
    with _watching(seed) as struck:
        began = monotonic()
        with struck.arriving(rate):
            while struck.done < faults:
                struck.burst(min(struck.random.randint(2, MOST_AT_ONCE), faults - struck.done))
                told(struck.figures())
            struck.tell_enough()
        struck.settle()
        disturbed, problems = struck.found(), struck.problems + struck.wrong_levels()
        problems += struck.undelivered()
        figures = {**struck.figures(), "minutes": round((monotonic() - began) / 60, 1)}
    with _watching(seed) as quiet:
        quiet.send_all(figures["transfers"])
        quiet.settle()
        undisturbed = quiet.found()
    problems += [f"missing: {one}" for one in sorted(undisturbed - disturbed)]
    problems += [f"too much: {one}" for one in sorted(disturbed - undisturbed)]
    return {**figures, "alerts_of_one_thing": len(undisturbed), "problems": problems[:100]}


@contextmanager
def _watching(seed: int) -> Iterator["_Campaign"]:
    """An instance that watches the wallets of the story and tells a receiver, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="aml-alerts-") as folder:
        receiver = Receiver()
        with campaign_instance(Path(folder) / "home", ENVIRONMENT) as instance:
            campaign = _Campaign(instance, receiver, seed, Path(folder))
            try:
                campaign.begin()
                yield campaign
            finally:
                campaign.close()
                receiver.kill()


class _Campaign:
    """One instance, what was sent to it, and what struck it."""

    def __init__(self, instance: CampaignInstance, receiver: Receiver, seed: int, folder: Path) -> None:
        settings = instance.settings
        self.random = Random(seed)  # noqa: S311 - a seed that anybody can repeat
        self.problems: list[str] = []
        self.by_kind: dict[str, int] = {}
        self._instance = instance
        self._receiver = receiver
        self._seed = seed
        self._sent = 0
        self._asked = 0
        self._stop = Event()
        self._listed = Event()
        self._postgres = Postgres(settings.postgres_url)
        self._graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
        token = settings.api_token.get_secret_value() if settings.api_token else ""
        self._api = httpx.Client(
            base_url=settings.api_address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
            trust_env=False,
        )
        self._attack = Attack(instance, Made(), Copies(instance.home, folder), None, self.random)
        kept = {
            name: act
            for name, act in self._attack.kinds.items()
            if name.startswith(_KINDS) and _NOT not in name
        }
        self._attack.kinds.clear()
        self._attack.kinds.update(kept | {_RECEIVER: self._kill_receiver})

    def close(self) -> None:
        """Closes what asks."""
        self._attack.cease()
        self._api.close()
        self._graph.close()
        self._postgres.close()

    @property
    def done(self) -> int:
        """How many faults were done."""
        return sum(self.by_kind.values())

    def begin(self) -> None:
        """Watches the wallets, and tells the receiver."""
        watched = [
            {"chain": chain, "address": address(number), "reference": f"wallet {number}"}
            for number in WATCHED
            for chain in _CHAINS
        ]
        self._post("/v1/watched-wallets", {"watched_wallets": watched})
        self._receiver.secret = self._post("/v1/webhooks", {"url": self._receiver.url})["secret"]

    @contextmanager
    def arriving(self, rate: float) -> Iterator[None]:
        """Sends the story at a rate, and asks about a listed wallet, inside the block."""
        threads = [
            Thread(target=self._send_at, args=(rate,), name="story"),
            Thread(target=self._ask, name="asking"),
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def send_all(self, transfers: int) -> None:
        """Sends so much of the story at once."""
        while self._sent < transfers:
            self._send_some(min(AT_ONCE, transfers - self._sent))

    def burst(self, number: int) -> None:
        """Does so many faults, one on top of the other, and waits until the instance is whole."""
        strikes: list[Strike] = []
        for _ in range(number):
            if strike := self._attack.strike():
                strikes.append(strike)
                log.info("struck", fault=strike.kind)
            sleep(self.random.uniform(0, 1.5))
        self._await(self._instance.is_whole, "come back")
        self._receiver.listen()
        for strike in strikes:
            self.by_kind[strike.kind] = self.by_kind.get(strike.kind, 0) + 1
        log.info("whole", faults=[strike.kind for strike in strikes], of=self.done)
        sleep(self.random.uniform(0, 5))  # some work is done in peace, and is cut off in the middle

    def tell_enough(self) -> None:
        """Returns when so much of the story is sent that there is something to compare."""
        self._await(lambda: self._sent >= LEAST_TRANSFERS, "send the story")

    def settle(self) -> None:
        """Returns when all that was sent is scored, screened and told."""
        self._attack.cease()
        self._receiver.listen()
        self._await(self._is_settled, "settle")

    def _is_settled(self) -> bool:
        """Whether it is; asks for a run where the record has more than the published one."""
        status = self._api.get("/v1/ingestion/status").json()
        if status.get("lag") != 0 or status["graph"]["behind_batches"]:
            return False
        if not is_scored(self._postgres):
            self._instance.answer("score")
            return False
        if is_anybody_due(self._postgres, self._instance.settings):
            return False
        return hurry_calls(self._postgres) == 0

    def found(self) -> AlertSet:
        """The alerts of rules on one transfer, label or flag."""
        return caused_by_one_thing(self._postgres)

    def wrong_levels(self) -> list[str]:
        """Sentences about alerts of levels that are missing or did not hold."""
        return wrong_levels(self._postgres, self._graph, self._instance.settings)

    def undelivered(self) -> list[str]:
        """Sentences about messages that did not come, came unsigned, or came and are in no record."""
        messages = delivered_ids(self._postgres)
        told = self._receiver.told.keys()
        return (
            [f"not delivered: {one}" for one in sorted(messages - told)]
            + [f"delivered and not recorded: {one}" for one in sorted(told - messages)]
            + [f"{self._receiver.refused} calls with a wrong signature"] * bool(self._receiver.refused)
        )

    def figures(self) -> dict[str, Any]:
        """What is known so far."""
        return {
            "faults": self.done,
            "seed": self._seed,
            "transfers": self._sent,
            "asked_about_a_listed_wallet": self._asked,
            "calls": len(self._receiver.told),
            "problems": self.problems[:100],
            "by_kind": dict(sorted(self.by_kind.items())),
        }

    def _send_at(self, rate: float) -> None:
        began = monotonic()
        while not self._stop.wait(max(0.0, began + self._sent / rate - monotonic())):
            self._send_some()

    def _send_some(self, number: int = CHUNK) -> None:
        """The next transfers, and the labels before them, tried until both are acknowledged."""
        some = [event(self._seed, self._sent + place) for place in range(number)]
        labels = [label for place in range(number) for label in labels_after(self._sent + place)]
        if labels:
            self._post("/v1/labels", {"labels": labels})
        self._listed.set()
        deadline = monotonic() + RECOVERY_SECONDS
        while True:
            try:
                publish(some, self._instance.settings)
                break
            except AmlError:
                if monotonic() > deadline:
                    raise
                sleep(0.5)
        self._sent += number

    def _ask(self) -> None:
        """A wallet whose label was acknowledged is severe in every answer; no answer at all is allowed."""
        subject = {"type": "wallet", "address": address(NEVER_MOVED), "chain": "ethereum"}
        while not self._stop.wait(0.3):
            if not self._listed.is_set():
                continue
            try:
                answer = self._api.post("/v1/screenings", json={"subjects": [subject]})
            except httpx.HTTPError:
                continue
            if answer.is_success:
                self._asked += 1
                (screening,) = answer.json()["screenings"]
                if screening["risk_level"] != "severe":
                    self.problems.append(f"a listed wallet was shown {screening['risk_level']}: {screening}")

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        deadline = monotonic() + RECOVERY_SECONDS
        while True:
            try:
                answer = self._api.post(path, json=body)
                if answer.is_success:
                    content: dict[str, Any] = answer.json()
                    return content
                if not answer.is_server_error or monotonic() > deadline:
                    raise DependencyMissing(f"{path} answered {answer.status_code}: {answer.text}")
            except httpx.HTTPError as exc:
                if monotonic() > deadline:
                    raise DependencyMissing(f"{path} did not answer: {exc}") from exc
            sleep(0.5)

    def _await(self, holds: Callable[[], bool], what: str) -> None:
        deadline = monotonic() + RECOVERY_SECONDS
        while True:
            try:
                if holds():
                    return
            except (AmlError, httpx.HTTPError, KeyError, ValueError) as exc:
                log.info("not_yet", what=what, reason=str(exc)[:200])
            if monotonic() > deadline:
                raise DependencyMissing(f"The instance did not {what} in {RECOVERY_SECONDS:.0f} s.")
            sleep(0.5)

    def _kill_receiver(self) -> float | None:
        self._receiver.kill()
        timer = Timer(self.random.uniform(1, 8), self._receiver.listen)
        timer.start()
        return 0.0
