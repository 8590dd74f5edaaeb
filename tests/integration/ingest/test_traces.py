"""Processes tell of their work: spans from produce to commit and of requests, log lines, metrics."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer

from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.kafka import client_options
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from tests.support.builders import story
from tests.support.commands import free_port, process
from tests.support.environment import API_TOKEN, environment
from tests.support.ingesting import await_ingestion, wait_until
from tests.support.servers.otlp import Received, receiving
from tests.support.serving import TOKEN

TRANSFERS = 300
NO_JSON = b'{"no": json'


def test_a_batch_is_traced_from_its_producer_to_both_stores_and_named_on_its_log_lines(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    file, log, port = tmp_path / "story.jsonl", tmp_path / "consumer.log", free_port()
    file.write_bytes(b"\n".join([*map(encode, story().transfers[:TRANSFERS]), NO_JSON]))
    with receiving() as received:
        variables = {
            **environment(settings),
            "AML_OTLP_ENDPOINT": received.endpoint,
            "AML_LOG_FORMAT": "json",
            "AML_CONSUMER_METRICS_PORT": str(port),
            "AML_API_TOKEN": API_TOKEN,
        }
        with process(["produce", "--no-wait", str(file)], variables, tmp_path / "produce.log") as producer:
            assert producer.wait(60) == 0
        with process(["consume"], variables, log) as consumer:
            await_ingestion(settings, postgres, graph, lambda: consumer.poll() is None)
            wait_until(lambda: b"batches_projected" in log.read_bytes())
            metrics = scrape(port)
    check_spans(received)
    check_lines([json.loads(line) for line in log.read_text().splitlines()], received)
    for name in ("decode", "record", "dead_letters", "offset_commit", "graph_write"):
        assert metrics[f'aml_batch_step_seconds_count{{step="{name}"}}'] >= 1
    assert metrics["aml_batch_messages_sum"] == TRANSFERS + 1
    assert metrics["process_resident_memory_bytes"] > 1_000_000
    assert metrics["aml_consumer_partitions"] == settings.topic_partitions
    assert dead_letter_trace(settings) in {span.trace_id.hex() for span in received.named("batch")}


def test_a_request_joins_the_trace_of_its_caller_and_is_counted_by_route(
    settings: Settings, tmp_path: Path
) -> None:
    log, port, trace_id = tmp_path / "api.log", free_port(), "0af7651916cd43dd8448eb211c80319c"
    url, wallet = f"http://127.0.0.1:{port}", "0x" + "ab" * 20
    with receiving() as received:
        variables = {
            **environment(settings),
            "AML_OTLP_ENDPOINT": received.endpoint,
            "AML_LOG_FORMAT": "json",
            "AML_API_PORT": str(port),
            "AML_API_TOKEN": API_TOKEN,
        }
        with process(["api"], variables, log) as api:
            wait_until(lambda: api.poll() is not None or answers(url))
            headers = {**TOKEN, "traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
            assert httpx.get(f"{url}/scores/explain/{wallet}", headers=headers).status_code == 404
            assert httpx.get(f"{url}/ingestion/status", headers=headers).status_code == 200
            metrics = httpx.get(f"{url}/metrics", headers=TOKEN).text
    (asked,) = received.named("GET /scores/explain/{wallet}")
    assert asked.trace_id.hex() == trace_id
    assert asked.parent_span_id.hex() == "b7ad6b7169203331"
    assert wallet not in metrics
    assert "aml_batch" not in metrics  # which only the consumer knows
    labels = 'method="GET",route="/scores/explain/{wallet}",status="404"'
    assert f"aml_http_request_seconds_count{{{labels}}} 1.0" in metrics
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["trace_id"] for line in lines if wallet in line.get("path", "")] == [trace_id]


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.HTTPError:
        return False


def scrape(port: int) -> dict[str, float]:
    """The consumer's metrics, which are for those with the token."""
    url = f"http://127.0.0.1:{port}/metrics"
    assert (
        httpx.get(url).status_code == httpx.get(url, headers={"Authorization": "Bearer x"}).status_code == 401
    )
    assert httpx.get(f"http://127.0.0.1:{port}/", headers=TOKEN).status_code == 404
    lines = httpx.get(url, headers=TOKEN).raise_for_status().text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def check_spans(received: Received) -> None:
    assert received.services == {"aml", "aml-consumer"}
    (sent,) = received.named("produce")
    batches = {span.span_id: span for span in received.named("batch")}
    assert batches
    for batch in batches.values():
        assert [link.span_id for link in batch.links] == [sent.span_id]
    for name in ("decode", "record", "offset_commit"):
        assert {span.parent_span_id for span in received.named(name)} == batches.keys()
    written = received.named("graph_write")
    seen = {link.span_id for span in written for link in span.links} | {s.parent_span_id for s in written}
    assert seen == batches.keys()
    assert {span.trace_id for span in written} <= {batch.trace_id for batch in batches.values()}


def check_lines(lines: list[dict[str, Any]], received: Received) -> None:
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    written = [line for line in lines if line["event"] == "batch_written"]
    assert sum(line["messages"] for line in written) == TRANSFERS + 1
    assert all(line["batch"] >= 1 and line["partitions"] for line in written)
    assert {line["trace_id"] for line in written} == {span.trace_id.hex() for span in received.named("batch")}
    assert all("batch" not in line for line in lines if line["event"] == "consumer_stopped")


def dead_letter_trace(settings: Settings) -> str:
    """The trace that the one message on the dead topic names."""
    offsets: dict[str, Any] = {"group.id": "a test", "auto.offset.reset": "earliest"}
    consumer = Consumer({**client_options(settings, "admin"), **offsets})
    consumer.subscribe([settings.dead_letter_topic])
    (message,) = consumer.consume(1, 60)
    consumer.close()
    version, trace_id, _, _ = dict(message.headers() or [])["traceparent"].decode().split("-")
    assert version == "00"
    return str(trace_id)


@pytest.mark.parametrize("endpoint", ["", None])
def test_without_an_endpoint_the_sdk_is_not_even_imported(endpoint: str | None) -> None:
    code = (
        "import sys, app.cli, ingest.consumer.service, app.server.application, app.tracing as t\n"
        "from app.settings import Settings\n"
        f"t.start_tracing(Settings(otlp_endpoint={endpoint!r}), 'aml')\n"
        "assert not t.is_tracing() and t.trace_headers() == {}\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.sdk')]\n"
    )
    needed = {"AML_POSTGRES_URL": "x", "AML_NEO4J_URL": "x", "AML_NEO4J_PASSWORD": "x"}
    variables = {**os.environ, **needed, "AML_KAFKA_BOOTSTRAP_SERVERS": "x"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=PROJECT, env=variables, check=True)
