"""Random, overlapping faults on an instance under load, without a person, and what became of each message."""

import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, sleep
from typing import Any, Final

import structlog

from app.errors import AmlError, DependencyMissing
from app.stores.kafka_offsets import TopicReader
from app.stores.postgres import Postgres
from bench.campaign.account import Acknowledged, Content, Made, account, untold_holes, wrong_holes
from bench.campaign.copies import STORES, Copies
from bench.campaign.disk import small_disk
from bench.campaign.instance import CampaignInstance, campaign_instance
from bench.campaign.kinds import Attack, Strike
from bench.campaign.load import Load
from bench.campaign.record import content, doubled, have_arrived, look_at_topic
from embedded.urls import running_supervision

log = structlog.get_logger()

RECOVERY_SECONDS: Final = 400.0
"""A campaign in which the instance is not back by then has failed."""
PROBE_SECONDS: Final = 15.0
"""After so long another probe is sent: its topic may have been deleted with it."""
MOST_AT_ONCE: Final = 12
COPY_EVERY: Final = 3
"""Stores are copied after so many bursts, to be put back later."""

Told = Callable[[dict[str, Any]], None]


def run(
    faults: int,
    *,
    seed: int,
    rate: float,
    compare_every: int = 100,
    told: Told = lambda _figures: None,
    without: Collection[str] = (),
) -> dict[str, Any]:
    """The figures of a campaign; up to twelve faults overlap before the instance is waited for.

    Args:
        faults: how many.
        seed: which ones, and in which order.
        rate: messages a second.
        compare_every: after so many faults the graph is compared with the record, and at the end.
        told: is given the figures so far after every burst.
        without: kinds of faults that are left out.

    Raises:
        DependencyMissing: the instance did not come back by itself; `told` has the figures until then.
    """
    with ExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="aml-faults-")))
        disk = resources.enter_context(small_disk(_made(folder / "disk")))
        instance = resources.enter_context(campaign_instance(folder / "disk" / "home"))
        made, random = Made(), Random(seed)  # noqa: S311 - a seed that anybody can repeat
        load = Load(instance.settings, rate, made)
        copies = Copies(instance.home, _made(folder / "copies"))
        attack = Attack(instance, made, copies, disk, random)
        for kind in without:
            del attack.kinds[kind]
        postgres = Postgres(instance.settings.postgres_url)
        resources.callback(postgres.close)
        campaign = _Campaign(instance, load, attack, copies, made, postgres, seed)
        try:
            with load.running():
                campaign.recover([])
                while campaign.done < faults:
                    campaign.burst(min(random.randint(2, MOST_AT_ONCE), faults - campaign.done), random)
                    if campaign.done // compare_every > campaign.compared // compare_every:
                        campaign.compare()
                    told(campaign.figures())
            campaign.recover([])
            campaign.compare()
            campaign.verify()
            return campaign.figures()
        except AmlError as exc:
            campaign.problems.append(str(exc))
            told(campaign.figures())
            log.exception("campaign_ended", logs=str(_kept(instance.home)))
            raise
        finally:
            attack.cease()


@dataclass
class _Campaign:
    """What was done so far, and what came of it.

    `seconds` are those from each fault until the instance was whole, by kind; `after_the_last` those from
    the last fault of a burst. `problems` are sentences: of messages that are lost or differ, of holes, of the
    graph.
    """

    instance: CampaignInstance
    load: Load
    attack: Attack
    copies: Copies
    made: Made
    postgres: Postgres
    seed: int
    began: float = field(default_factory=monotonic)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    after_the_last: list[float] = field(default_factory=list)
    checked: int = 0
    bursts: int = 0
    compared: int = 0
    last: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many faults were done and outlived."""
        return sum(map(len, self.seconds.values()))

    def burst(self, number: int, random: Random) -> None:
        """Does so many faults, one on top of the other, and waits until the instance is whole."""
        strikes = []
        for _ in range(number):
            if strike := self.attack.strike():
                strikes.append(strike)
                log.info("struck", fault=strike.kind)
            sleep(random.uniform(0, 1))
        self.recover(strikes)
        self.bursts += 1
        if self.bursts % COPY_EVERY == 1 and (supervisor := self.instance.supervisor()):
            for store in STORES:
                self.copies.take(store, supervisor)

    def recover(self, strikes: Sequence[Strike]) -> None:
        """Waits until all processes run and answer, and new transfers of every partition are in both stores.

        Raises:
            DependencyMissing: that has not come.
        """
        self.attack.cease()
        until = len(self.load.acknowledged)
        self._await_whole()
        moment = monotonic()
        if strikes:
            self.after_the_last.append(moment - min(moment, max(strike.ended for strike in strikes)))
        for strike in strikes:
            self.seconds.setdefault(strike.kind, []).append(moment - min(moment, strike.ended))
        self._check(until)
        worst = round(max((moment - s.ended for s in strikes), default=0.0), 1)
        log.info("whole", faults=[s.kind for s in strikes], seconds=worst, of=self.done)

    def _await_whole(self) -> None:
        deadline = monotonic() + RECOVERY_SECONDS
        probe: list[Acknowledged] = []
        sent = -PROBE_SECONDS
        while True:
            if monotonic() > deadline:
                state = running_supervision(self.instance.home)
                raise DependencyMissing(f"The instance did not come back by itself: {state}")
            self.instance.mend()
            if not self.instance.is_whole():
                sleep(0.3)
            elif not probe or monotonic() - sent > PROBE_SECONDS:
                probe, sent = self.load.probe(deadline), monotonic()
            elif have_arrived(self.postgres, [each.key for each in probe]):
                return
            else:
                sleep(0.2)

    def _check(self, until: int) -> None:
        """Looks for what was acknowledged before the probe, since the last look or a record put back."""
        since = 0 if self.attack.restored else self.checked
        look_at_topic(TopicReader(self.instance.settings), self.made)
        messages = self.load.acknowledged[since:until]
        held = content(
            self.postgres, self.instance.settings.transfers_topic, [message.key for message in messages]
        )
        self._find(messages, held)
        self.checked, self.attack.restored = until, False

    def _find(self, messages: Sequence[Acknowledged], held: Content) -> None:
        found = account(messages, held, self.made)
        problems = [f"lost: {key}" for key in found.lost] + [f"differs: {key}" for key in found.differing]
        problems += wrong_holes(messages, held, self.made) + untold_holes(held, self.made)
        for problem in problems:
            if problem not in self.problems:
                log.error("problem", text=problem)
                self.problems.append(problem)

    def compare(self) -> None:
        """Compares all that was acknowledged with the record, and the record with the graph."""
        self.compared = self.done
        until = len(self.load.acknowledged)
        self._await_whole()
        look_at_topic(TopicReader(self.instance.settings), self.made)
        held = content(self.postgres, self.instance.settings.transfers_topic)
        messages = self.load.acknowledged[:until]
        self._find(messages, held)
        found = account(messages, held, self.made)
        graph = self.instance.answer("reconcile")
        if not graph.get("equal"):
            self.problems.append(f"after {self.done} faults the graph differs: {str(graph)[:2_000]}")
        reasons = [hole.reason for hole in held.holes]
        self.last = {
            "compared_at_faults": self.done,
            "acknowledged": len(messages),
            "recorded": len(held.amounts),
            "dead_letters": len(held.dead),
            "in_told_holes": found.in_holes,
            "lost": len(found.lost),
            "differing": len(found.differing),
            "doubled": doubled(self.postgres),
            "holes": len(reasons),
            "wrong_holes": len(wrong_holes(messages, held, self.made)),
            "untold_holes": len(untold_holes(held, self.made)),
            "topics": len(self.made.topic_ids),
            "graph_equal": graph.get("equal"),
            "graph_differences": graph.get("differences"),
        }

    def verify(self) -> None:
        """Scores, and computes the run and all stored annotations again from the facts of the record."""
        run_id = self.instance.answer("score")["run_id"]
        verification = self.instance.answer("verify", str(run_id))
        self.last["verified"] = verification["equal"]
        if not verification["equal"]:
            self.problems.append(f"run {run_id} differs: {str(verification)[:2_000]}")

    def figures(self) -> dict[str, Any]:
        """What is known so far."""
        every = [seconds for each in self.seconds.values() for seconds in each]
        return {
            "faults": self.done,
            "seed": self.seed,
            "minutes": round((monotonic() - self.began) / 60, 1),
            "median_seconds": round(median(every), 1) if every else None,
            "worst_seconds": round(max(every), 1) if every else None,
            "bursts": len(self.after_the_last),
            "median_seconds_after_the_last_of_a_burst": (
                round(median(self.after_the_last), 1) if self.after_the_last else None
            ),
            "worst_seconds_after_the_last_of_a_burst": round(max(self.after_the_last, default=0.0), 1),
            "restarts": self.instance.restarts(),
            "supervisors_killed": self.instance.persons,
            **self.last,
            "problems": self.problems[:100],
            "by_kind": [
                {
                    "fault": kind,
                    "times": len(seconds),
                    "median_seconds": round(median(seconds), 1),
                    "worst_seconds": round(max(seconds), 1),
                }
                for kind, seconds in sorted(self.seconds.items())
            ],
        }


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _kept(home: Path) -> Path:
    """The logs of an instance that is deleted."""
    kept = Path(tempfile.mkdtemp(prefix="aml-faults-logs-"))
    shutil.copytree(home / "logs", kept / "logs")
    return kept
