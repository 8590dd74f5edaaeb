"""What all screenings of a moment have in common: the published run, its policy, its assets, the lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, text

from app.answers.screenings import ComputedFrom, LabelList
from app.assets.registry import NOTHING_REGISTERED, Registry, registry_at
from app.policy.label_rules import LabelRules
from app.policy.policy import Policy, load_policy
from app.record.freshness import digest_of_policy
from app.runs.listing import run_name
from app.runs.queries import run_row
from app.runs.stored_policy import policy_of
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres

LISTS_SECONDS = 2.0
"""For how long the counts of lists are told again without counting; labels themselves are always read."""


@dataclass(frozen=True)
class Base:
    """The published run and its policy; before the first run the file's policy alone.

    `valued` are the assets whose money counts by their values in the run; `registry` is that of the run.
    """

    run: Row[Any] | None
    policy: Policy
    valued: frozenset[int]
    registry: Registry = NOTHING_REGISTERED

    @property
    def label_rules(self) -> LabelRules:
        """What decides which label of a wallet counts."""
        return self.policy.label_rules

    def known_assets(self, assets: Iterable[Any]) -> NDArray[np.int32]:
        """Of some assets, rows with chain and name, the ids of those whose money counts."""
        return np.array(
            sorted(
                row.asset_id
                for row in assets
                if row.asset_id in self.valued
                or self.policy.is_registered(row.chain, row.asset)
                or (row.chain, row.asset) in self.registry.known
            ),
            np.int32,
        )


@dataclass(frozen=True)
class Moment:
    """What the screenings of one call share."""

    base: Base
    now: datetime
    computed_from: ComputedFrom
    policy_changed: bool
    numbers: Sequence[int] = ()
    """Of the screenings of the call."""


class Stores(NamedTuple):
    """The record, the graph if there is one, and how long its paths are asked."""

    postgres: Postgres
    graph: Graph | None
    seconds: float


class BaseReader:
    """Reads what changes seldom once, and again when another run is published."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._base: Base | None = None
        self._lists: tuple[float, list[LabelList]] | None = None

    def moment(self, connection: Connection, screenings: int = 0) -> Moment:
        """What so many screenings of one call share, in the snapshot of the connection.

        Raises:
            InvalidPolicy: there is no run yet, and the policy file is not valid.
        """
        row = connection.execute(_MOMENT, {"screenings": screenings}).one()
        base = self.base(connection, row.run_id)
        digest = digest_of_policy(self._settings.policy_file)
        run = base.run
        return Moment(
            base,
            row.now,
            ComputedFrom(
                origin=None,
                watermark=None if run is None else run.watermark,
                run=None if run is None else run_name(run),
                policy_version=base.policy.version,
                policy_digest=base.policy.digest,
                label_set_digest=None if run is None else run.label_set_digest,
                prices_digest=None if run is None else run.prices_digest,
                registry_digest=None if run is None else run.registry_digest,
                labels_as_of=row.now,
                lists=self.lists(connection),
                application_version=_VERSION,
            ),
            run is not None and digest is not None and digest != run.policy_digest,
            row.numbers,
        )

    def base(self, connection: Connection, run_id: int | None) -> Base:
        """The base of the published run, in the snapshot of the connection.

        Raises:
            InvalidPolicy: there is no run yet, and the policy file is not valid.
        """
        kept = self._base
        if kept is not None and kept.run is not None and kept.run.run_id == run_id:
            return kept
        if run_id is None:
            return Base(None, load_policy(self._settings.policy_file), frozenset())
        run = run_row(connection, run_id)
        base = base_of_run(connection, run)
        with self._lock:
            self._base = base
        return base

    def lists(self, connection: Connection) -> list[LabelList]:
        """The lists that labels came from, by name."""
        kept = self._lists
        if kept is not None and monotonic() - kept[0] < LISTS_SECONDS:
            return kept[1]
        lists = [LabelList.model_validate(row, from_attributes=True) for row in connection.execute(_LISTS)]
        self._lists = monotonic(), lists
        return lists


def base_of_run(connection: Connection, run: Row[Any]) -> Base:
    """A run with its policy, and the assets whose money counted in it."""
    registry = NOTHING_REGISTERED if run.registry_digest is None else registry_at(connection, run.as_of)
    return Base(run, policy_of(run), valued_assets(connection, run.run_id), registry)


def valued_assets(connection: Connection, run_id: int) -> frozenset[int]:
    """The assets of which the producer gave half of the transfers or more a value, as a run saw them."""
    return frozenset(connection.execute(_VALUED, {"run_id": run_id}).scalars())


_VERSION = version("aml-risk")
_MOMENT = text("""
    SELECT (SELECT run_id FROM published_run) AS run_id, clock_timestamp() AS now,
        ARRAY(SELECT nextval('screening_ids') FROM generate_series(1, :screenings)) AS numbers
""")
_VALUED = text("""
    SELECT asset_id FROM exposures
    WHERE direction = 1 AND is_of_run(run_id, until_run_id, :run_id)
    GROUP BY asset_id HAVING sum(transfers) > 0 AND 2 * sum(unpriced_transfers) <= sum(transfers)
""")
_LISTS = text("""
    SELECT l.source, l.entries, l.updated_at, f.digest, f.checked_at FROM (
        SELECT source, count(*) AS entries, max(recorded_at) AS updated_at FROM labels
        WHERE removed_at IS NULL GROUP BY source
    ) AS l LEFT JOIN LATERAL (
        SELECT digest, checked_at FROM label_lists WHERE source = l.source ORDER BY list_id DESC LIMIT 1
    ) AS f ON true ORDER BY l.source
""")
