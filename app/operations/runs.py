"""Carries out scoring runs with the settings' policy and engine, or starts them as work of this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.alerts.of_run import alert_on_run
from app.domain import Progress
from app.errors import NotReady
from app.operations.operation import Operation, Operations
from app.policy.policy import load_policy
from app.runs.compute import EngineChoice
from app.runs.engine_choice import CypherLimits
from app.runs.run import OpenPasses, OtherPasses, StartedRun, execute_run, start_run
from app.settings import Settings
from app.spark.engine import preflight, spark_passes
from app.spark.options import LOCAL_MASTER, SparkOptions
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.postgres import Postgres


def score(
    postgres: Postgres,
    graph: Graph,
    settings: Settings,
    engine: EngineChoice | None,
    progress: Progress,
    *,
    spark: SparkOptions | None = None,
) -> int:
    """Carries out a scoring run and publishes it; returns its id.

    Raises: as `app.runs.run.start_run` and `execute_run`.
    """
    started = _start(postgres, graph, settings, engine, spark=spark)
    execute_run(
        postgres,
        graph,
        started,
        progress=progress,
        published=alert_on_run,
        open_passes=open_spark(spark or spark_options(settings)),
    )
    return started.run_id


def start_scoring(
    operations: Operations,
    postgres: Postgres,
    graph: Graph,
    settings: Settings,
    *,
    engine: EngineChoice | None,
    idempotency_key: str | None = None,
    request_digest: str | None = None,
) -> tuple[int, Operation]:
    """Starts a run as work of this process; returns its id and the work.

    Raises:
        InUse: another run is running.
        NotReady: the engine is spark, and no setting says where it is.
        DependencyMissing: as `app.spark.engine.preflight`.
    """
    if (engine or settings.engine) == "spark" and settings.spark_master is None:
        raise NotReady(
            "This API has no engine spark: set AML_SPARK_MASTER, or use `aml score --engine spark`."
        )
    postgres, graph = postgres.during(Work.RUN), graph.during(Work.RUN)
    started = _start(
        postgres, graph, settings, engine, idempotency_key=idempotency_key, request_digest=request_digest
    )
    operation = operations.start(
        "run-score",
        lambda progress: execute_run(
            postgres,
            graph,
            started,
            progress=progress,
            published=alert_on_run,
            open_passes=open_spark(spark_options(settings)),
        ),
        exclusive=False,  # the run lock refuses a second run, in whatever process
    )
    return started.run_id, operation


def spark_options(settings: Settings) -> SparkOptions:
    """How the settings say that Spark is reached."""
    return SparkOptions(settings.spark_master or LOCAL_MASTER, settings.spark_folder, settings.spark_memory)


def open_spark(options: SparkOptions) -> OpenPasses:
    """Opens the passes of the engine `spark`, where a run is by it."""

    @contextmanager
    def opened() -> Iterator[OtherPasses]:
        from app.runs.engines.ledger import Passes  # noqa: PLC0415 - loads a compiler

        with spark_passes(options) as passes:
            yield OtherPasses(Passes(passes.source, passes.destination), passes.summary)

    return opened


def _start(
    postgres: Postgres,
    graph: Graph,
    settings: Settings,
    engine: EngineChoice | None,
    *,
    spark: SparkOptions | None = None,
    idempotency_key: str | None = None,
    request_digest: str | None = None,
) -> StartedRun:
    if (engine or settings.engine) == "spark":
        preflight(spark or spark_options(settings))
    return start_run(
        postgres,
        graph,
        load_policy(settings.policy_file),
        engine=engine or settings.engine,
        limits=CypherLimits(
            settings.cypher_engine_max_walks,
            settings.cypher_engine_max_transfers,
            settings.cypher_engine_auto_seconds,
            settings.cypher_engine_seconds,
        ),
        idempotency_key=idempotency_key,
        request_digest=request_digest,
    )
