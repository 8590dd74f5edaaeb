"""One scoring run: start, compute, score, store, publish. It ends completed and published, or failed."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from app.domain import Progress
from app.errors import AmlError, Cancelled, DependencyMissing, InUse, InvalidInput, NotReady, QueryTimeout
from app.policy.policy import Policy
from app.prices.used_values import store_used
from app.runs import run_row
from app.runs.compute import Computed, EngineChoice, compute_by_graph, compute_by_ledger
from app.runs.engine_choice import CypherLimits, Decision, decide, given_up
from app.runs.judge import judge
from app.runs.progress import reporter
from app.runs.published_labels import published_labels_restored
from app.runs.result_lines import exposure_lines, publish, score_lines
from app.runs.results.storing import check_stored, store_exposures, store_scores
from app.runs.snapshot import Snapshot, open_snapshot
from app.runs.summary import Summary, summary_in_background
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.tracing import tracer

if TYPE_CHECKING:  # it loads a compiler
    from app.runs.engines.ledger import Passes

log = structlog.get_logger()

DEFAULT_LIMITS = CypherLimits()
Published = Callable[[Connection, int], None]


@dataclass(frozen=True)
class StartedRun:
    """A run that has its row, its snapshot and the run lock; `execute_run` must follow, in any thread."""

    run_id: int
    choice: EngineChoice
    decision: Decision
    policy: Policy
    snapshot: Snapshot
    resources: ExitStack


@dataclass(frozen=True)
class OtherPasses:
    """Passes of another engine while they are open, and, after them, what its run says of itself."""

    passes: "Passes"
    summary: Callable[[], str]


OpenPasses = Callable[[], AbstractContextManager[OtherPasses]]
"""Opens the passes of the engine `spark`; the caller has them, because they stand above runs."""


def run_scoring(
    postgres: Postgres,
    graph: Graph | None,
    policy: Policy,
    *,
    engine: EngineChoice,
    limits: CypherLimits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    published: Published | None = None,
    open_passes: OpenPasses | None = None,
) -> int:
    """Runs scoring and publishes the scores; returns the id of the run.

    Raises:
        AmlError: as `start_run` and `execute_run`.
    """
    started = start_run(postgres, graph, policy, engine=engine, limits=limits)
    execute_run(postgres, graph, started, progress=progress, published=published, open_passes=open_passes)
    return started.run_id


def start_run(
    postgres: Postgres,
    graph: Graph | None,
    policy: Policy,
    *,
    engine: EngineChoice,
    limits: CypherLimits = DEFAULT_LIMITS,
    idempotency_key: str | None = None,
    request_digest: str | None = None,
) -> StartedRun:
    """Takes the run lock and a snapshot, and writes the run's row; an idempotency key is of one row.

    Raises:
        InUse: another run is running.
        InvalidPolicy: labels use a category that the policy does not have.
        InvalidInput: the choice is the cypher engine and there is no graph.
    """
    with ExitStack() as stack:
        run_row.take_run_lock(stack.enter_context(postgres.transaction()))
        snapshot = stack.enter_context(open_snapshot(postgres, policy))
        decision = decide(engine, graph, snapshot, policy, limits)
        run_id = run_row.begin(
            postgres,
            policy,
            decision,
            snapshot,
            idempotency_key=idempotency_key,
            request_digest=request_digest,
        )
        log.info(
            "scoring_run_started",
            run_id=run_id,
            engine=decision.engine,
            reason=decision.reason,
            watermark=snapshot.watermark,
        )
        return StartedRun(run_id, engine, decision, policy, snapshot, stack.pop_all())


def execute_run(
    postgres: Postgres,
    graph: Graph | None,
    started: StartedRun,
    *,
    progress: Progress | None = None,
    published: Published | None = None,
    open_passes: OpenPasses | None = None,
) -> None:
    """Computes, stores and publishes a started run; a failure is written to its row and publishes nothing.

    `published` is called in the transaction that publishes it, with the run's id.

    Raises:
        Cancelled: the run has been cancelled.
        DependencyMissing: a server does not answer.
        NotReady: the graph became newer than the snapshot, and the choice was the cypher engine.
        QueryTimeout: likewise, path queries took too long.
        Unequal: the annotation in the record does not add up.
    """
    start = monotonic()
    report = reporter(postgres, started.run_id, progress)
    with (
        started.resources,
        published_labels_restored(postgres, graph),
        _failure_recorded(postgres, started.run_id),
        tracer.start_as_current_span("scoring_run", attributes={"aml.run_id": started.run_id}),
        summary_in_background(postgres, started.snapshot) as summary,
    ):
        computed = _compute(postgres, graph, started, report, open_passes)
        _score_and_store(postgres, started, computed, summary, report, published=published)
    log.info("scoring_run_published", run_id=started.run_id, seconds=round(monotonic() - start, 2))
    if progress is not None:
        progress("done", 1.0)


def _compute(
    postgres: Postgres,
    graph: Graph | None,
    started: StartedRun,
    report: Progress,
    open_passes: OpenPasses | None,
) -> Computed:
    decision = started.decision
    if decision.engine == "spark":
        if open_passes is None:
            raise InvalidInput("The engine spark is not available here. Use `aml score --engine spark`.")
        report("starting Spark", 0.0)
        with open_passes() as other:
            computed = compute_by_ledger(
                postgres, graph, started.snapshot, started.policy, report, passes=other.passes
            )
        reason = f"{decision.reason}; {other.summary()}"
        run_row.change_engine(postgres, started.run_id, decision._replace(reason=reason))
        return computed
    if decision.engine == "cypher" and graph is not None:
        try:
            return compute_by_graph(
                postgres, graph, started.snapshot, started.policy, report, seconds=decision.cypher_seconds
            )
        except (DependencyMissing, InUse, NotReady, QueryTimeout) as exc:
            if started.choice == "cypher":
                raise
            # The ledger engine computes the same from the snapshot, which does not change.
            log.warning("cypher_engine_failed", run_id=started.run_id, reason=str(exc))
            run_row.change_engine(postgres, started.run_id, given_up(decision, exc))
    return compute_by_ledger(postgres, graph, started.snapshot, started.policy, report)


def _score_and_store(
    postgres: Postgres,
    started: StartedRun,
    computed: Computed,
    summary: Future[Summary],
    report: Progress,
    *,
    published: Published | None,
) -> None:
    policy, snapshot, run_id = started.policy, started.snapshot, started.run_id
    exposures, totals = computed.exposures, computed.accounts.totals
    report("scoring wallets", 0.0)
    judged = judge(policy, snapshot, computed)
    report("computing digests", 0.0)
    record_summary = summary.result()
    stored, digest = record_summary.stored, sha256()
    with postgres.transaction() as connection:
        check_stored(connection, stored)
        report("storing exposures", 0.0)
        store_exposures(connection, run_id, exposure_lines(exposures, totals), stored, digest)
        report("storing scores", 0.0)
        store_scores(connection, run_id, score_lines(policy, judged), stored, digest)
        values = computed.accounts.values
        if values is not None:
            store_used(connection, run_id, values)
        report("publishing", 0.0)
        figures = run_row.RunFigures(
            totals.transfers,
            totals.unpriced_transfers,
            len(judged.scores.wallet_id),
            judged.labelled_wallets,
            record_summary.recorded_transfers,
            record_summary.record_digest,
            digest.hexdigest(),
            0 if values is None else len(values.unused_prices),
            0 if values is None else len(values.filled_id),
            json.dumps(judged.unrated.plain()),
        )
        run_row.complete(connection, run_id, figures)
        publish(connection, run_id)
        if published is not None:
            published(connection, run_id)


@contextmanager
def _failure_recorded(postgres: Postgres, run_id: int) -> Iterator[None]:
    """Writes an exception of the block to the run's row."""
    try:
        yield
    except BaseException as exc:
        cancelled = isinstance(exc, KeyboardInterrupt | Cancelled)
        reason = str(exc) if isinstance(exc, AmlError) else f"{type(exc).__name__}: {exc}"[:2000]
        log.warning("scoring_run_failed", run_id=run_id, reason=reason)
        try:
            run_row.end(postgres, run_id, "cancelled" if cancelled else "failed", reason)
        except AmlError:  # the record does not answer: the next run marks this one, because its lock is free
            log.warning("scoring_run_failure_not_recorded", run_id=run_id)
        raise
