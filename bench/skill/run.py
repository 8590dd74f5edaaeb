"""The measurement: every data set that is given, and simulated stories in many forms."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import structlog

from app.policy.policy import Policy, load_policy
from app.settings import Settings
from app.stores.migrate import migrate
from app.stores.postgres import Postgres
from bench.machine import machine
from bench.skill.case import Case, judge, levels_by_truth, measured, record
from bench.skill.hack import read_hack
from bench.skill.phishing import read_phishing
from bench.skill.stories import FORMS, TRANSFERS, WALLETS, Told, bars, frozen, tell
from bench.stores import own_servers

log = structlog.get_logger()
Rows = list[dict[str, Any]]


class Found:
    """What has been measured: rankings, levels and bars, each a list of rows."""

    def __init__(self) -> None:
        self.rankings: Rows = []
        self.levels: Rows = []
        self.bars: Rows = []

    def add(self, postgres: Postgres, policy: Policy, case: Case) -> None:
        """Ranks and judges the wallets of a case over the recorded transfers."""
        rows = measured(postgres, policy, case)
        self.rankings += rows
        self.levels += levels_by_truth(judge(postgres, policy, case.labels), case)
        log.info("measured", **rows[0])

    def tell(self, postgres: Postgres, policy: Policy, told: Told) -> None:
        """The same of a story, and its bars."""
        record(postgres, told.transfers)
        self.add(postgres, policy, told.case())
        self.bars += bars(told, judge(postgres, policy, told.labels))


def run(
    *,
    easyfi: Path | None = None,
    root: str | None = None,
    tedge: Path | None = None,
    stories: Path | None = None,
    seeds: Sequence[int] = (1, 2),
    wallets: int = WALLETS,
    transfers: int = TRANSFERS,
) -> dict[str, Any]:
    """Measures on an embedded PostgreSQL of its own; returns figures as a JSON-able dictionary.

    Args:
        easyfi: a folder in the form of `bench.skill.hack`.
        root: the thief's wallet in it that is labelled; without it, the first.
        tedge: a folder in the form of `bench.skill.phishing`.
        stories: a folder of frozen stories.
        seeds: of the simulated stories, each told in every form; none skips them.
        wallets: of a simulated story.
        transfers: of a simulated story.

    Raises:
        NotFound: a folder has not the files of its form.
    """
    read = (
        None if easyfi is None else read_hack(easyfi, root),
        None if tedge is None else read_phishing(tedge),
    )
    found = Found()
    with own_servers("postgres"):
        settings = Settings()
        policy = load_policy(settings.policy_file)
        postgres = Postgres(settings.postgres_url)
        try:
            migrate(postgres)
            if read[0] is not None:
                record(postgres, read[0][0])
                found.add(postgres, policy, read[0][1])
            if read[1] is not None:
                record(postgres, read[1][0])
                for case in read[1][1]:
                    found.add(postgres, policy, case)
            for told in (
                *_frozen(stories),
                *(tell(seed, form, wallets, transfers) for seed in seeds for form in FORMS),
            ):
                found.tell(postgres, policy, told)
        finally:
            postgres.close()
    return {
        "machine": machine(),
        "policy": policy.version,
        "policy_digest": policy.digest,
        "rankings": [*found.rankings, *_means(found.rankings)],
        "levels": found.levels,
        "bars": found.bars,
        "missed": sum(not row["ok"] for row in found.bars),
    }


def _frozen(folder: Path | None) -> Iterator[Told]:
    return iter(()) if folder is None else frozen(folder)


def _means(rankings: Rows) -> Rows:
    """Of data that is measured in folds, the mean of each ranking."""
    folds: dict[tuple[str, str], Rows] = {}
    for row in rankings:
        data, fold, _ = row["data"].partition(", fold ")
        if fold:
            folds.setdefault((data, row["ranking"]), []).append(row)
    return [
        {"data": f"{data}, mean of {len(rows)} folds", "ranking": ranking}
        | {
            name: round(mean(row[name] for row in rows), 3)
            for name in rows[0]
            if name not in {"data", "ranking"}
        }
        for (data, ranking), rows in folds.items()
    ]
