"""The state of an instance as tables for a person: its servers, ingestion, the graph, the last run."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from app.answers.runs import Run
from app.operations.status_answer import GraphStatus, IngestionStatus
from app.record.last_reconciliation import LastReconciliation
from app.settings import Settings
from app.stores.jobs import JobCounts
from app.web.numbers import span

if TYPE_CHECKING:
    from embedded.restarts import Supervision


def servers_table(settings: Settings, ready: dict[str, Any]) -> Table:
    """Each server: its address, and whether it answers."""
    answers = {each["name"]: each for each in ready.get("dependencies", [])}
    addresses = {
        "postgres": ("PostgreSQL (the record)", postgres_address(settings)),
        "graph": ("Neo4j (the graph)", settings.neo4j_url),
        "kafka": ("Kafka", settings.kafka_bootstrap_servers),
    }
    table = Table("server", "address", "answers", title="Servers", title_justify="left")
    table.add_row("API and pages", settings.pages_address, "yes")
    for name, (title, address) in addresses.items():
        answer = answers.get(name, {})
        latency = f"yes, in {answer.get('latency_ms', 0):.0f} ms"
        table.add_row(title, address, latency if answer.get("ok") else Text("no", "red"))
    return table


def processes_table(supervision: "Supervision") -> Table:
    """Each process of an instance: its state, how often it was started again, and the last time why."""
    latest = {each["name"]: each for each in supervision["restarts"]}
    table = Table("process", "state", "since", title="Processes", title_justify="left")
    table.add_column("restarts", justify="right")
    table.add_column("the last one", overflow="fold")
    for each in supervision["processes"]:
        last = latest.get(each["name"])
        why = "" if last is None else f"{last['at']}: {last['why']}"
        state = Text(each["state"], "" if each["state"] == "running" else "red")
        table.add_row(each["name"], state, each["since"], str(each["restarts"]), why)
    return table


def postgres_address(settings: Settings) -> str:
    """Host, port and database of the record, without its password."""
    return settings.postgres_url.get_secret_value().rpartition("@")[2]


def ingestion_table(status: IngestionStatus) -> Table:
    """Messages, stores, graph and runs, a line each."""
    totals, rates, record = status.totals, status.throughput, status.record
    lines = {
        "waiting in Kafka": (
            f"not known: {status.kafka_error or status.topic_problem}"
            if status.lag is None
            else count(status.lag, "message")
        ),
        "consumed": f"{count(totals.consumed, 'message')}: {totals.stored:,} stored, "
        f"{count(totals.duplicates, 'duplicate')}, {totals.dead:,} refused",
        "throughput": f"{rates.one_minute:,.1f} transfers a second in the last minute, "
        f"{rates.five_minutes:,.1f} in the last five",
        "last ingestion": _age(status.seconds_since_last_ingestion),
        "record": f"{count(record.transfers, 'transfer')}, {count(record.wallets, 'wallet')}, "
        f"{count(record.assets, 'asset')}",
        "graph": _graph(status.graph),
        "graph compared": _comparison(status.reconciliation, status.as_of),
        "last scoring run": _run(status.latest_run, status.published_run),
        "worker": _jobs(status.jobs),
    }
    if status.not_scored is not None and status.not_scored.something:
        lines["not scored yet"] = status.not_scored.sentence
    if record.waiting:
        lines["in another block"] = f"{count(record.waiting, 'transfer')}: see GET /v1/transfers/waiting"
    if status.dead_letters:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in status.dead_letters.items())
        lines["refused messages"] = f"{reasons}: see `aml dead-letters list`"
    if status.foreign_messages:
        forms = ", ".join(f"{number:,} {form}" for form, number in status.foreign_messages.items())
        lines["of other programs"] = f"{forms}: something else writes on the topic"
    lines |= _alarms(status)
    table = Table(show_header=False, title="Ingestion and scoring", title_justify="left")
    for name, line in lines.items():
        table.add_row(name, Text(line))
    return table


def _alarms(status: IngestionStatus) -> dict[str, str]:
    """What somebody has to look at, a line each."""
    alarms = {
        "ALARM": status.alarm and status.alarm.text,
        "clocks": status.totals.out_of_order
        and f"{count(status.totals.out_of_order, 'transfer')} occurred before one of an earlier block: the "
        "ledger follows the blocks; look at the producer's times",
        "TOPIC": status.topic_problem,
        "HOLES": status.hole_alarm and status.hole_alarm.text,
        "DISK": status.disk_alarm and status.disk_alarm.text,
    }
    return {name: text for name, text in alarms.items() if text}


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 wallet`, `1,500 transfers`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def _jobs(jobs: JobCounts) -> str:
    alive = count(jobs.workers, "worker") if jobs.workers else "no worker: start `aml work`"
    failed = f", {jobs.failed:,} given up" if jobs.failed else ""
    return f"{alive}; {count(jobs.waiting, 'job')} due, {jobs.scheduled:,} for later{failed}"


def _graph(graph: GraphStatus) -> str:
    if graph.error is not None:
        return graph.error
    if graph.problem is not None:
        return graph.problem
    content = f"{count(graph.transfers or 0, 'transfer')}, {count(graph.wallets or 0, 'wallet')}"
    if not graph.behind_batches:
        return f"{content}: up to date"
    batches = count(graph.behind_batches, "batch", "batches")
    return (
        f"{content}: {count(graph.behind_transfers, 'transfer')} in {batches} behind the record, "
        f"for {span(graph.behind_seconds)}"
    )


def _comparison(last: LastReconciliation | None, now: datetime) -> str:
    if last is None:
        return "never: `aml reconcile` compares it with the record"
    age = _age((now - last.completed_at).total_seconds())
    if last.equal:
        return f"equal to the record, {age}"
    faults = f"{count(last.differences, 'difference')}, {count(last.broken_references, 'broken link')}"
    return f"{faults}, {age}: see `aml reconcile`"


def _run(run: Run | None, published: int | None) -> str:
    if run is None:
        return "none: start one with `aml score`"
    if run.status == "running":
        return f"run {run.run_id} is running: {run.step}, {run.progress:.0%}"
    text = f"run {run.run_id} {run.status}"
    if run.completed_at is not None:
        text += f", {_age((datetime.now(UTC) - run.completed_at).total_seconds())}"
    if run.status == "completed":
        text += f": {count(run.wallets or 0, 'wallet')} scored by the {run.engine} engine"
        if run.engine_reason:
            text += f" ({run.engine_reason})"
    if run.error:
        text += f": {run.error}"
    if published is None:
        return text
    return f"{text}; published" if published == run.run_id else f"{text}; run {published} is published"


def _age(seconds: float | None) -> str:
    return "never" if seconds is None else f"{span(seconds)} ago"
