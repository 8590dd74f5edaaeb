"""The metrics, the document that lists them, the dashboard and the alerts name the same things."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from ruamel.yaml import YAML

from app.api.asgi.middleware import REQUEST_SECONDS
from app.api.routes.metrics import Scrape
from app.operations.status_answer import STATUS
from app.worker.instruments import JOB_SECONDS, JOBS
from app.worker.instruments import WAITS as WORKER_WAITS
from ingest.instruments import BATCH_MESSAGES, FAILED_RECONCILIATIONS, PARTITIONS, PAUSED, STEP_SECONDS, WAITS
from tests.support.paths import PROJECT

DOCUMENT = (PROJECT / "docs" / "observability.md").read_text()
FILES = PROJECT / "observability"
SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
STANDARD = {"up", *(sample.name for family in REGISTRY.collect() for sample in family.samples)}


def ours() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name, kind, labels and meaning of each metric there is."""
    for family in Scrape(STATUS).collect():
        labels = tuple({label: None for sample in family.samples for label in sample.labels})
        yield family.name, family.type, labels, family.documentation
    worker = (JOBS, JOB_SECONDS, WORKER_WAITS)
    own = (REQUEST_SECONDS, STEP_SECONDS, BATCH_MESSAGES, PARTITIONS, PAUSED, WAITS, FAILED_RECONCILIATIONS)
    for metric in (*own, *worker):
        yield metric._name, metric._type, metric._labelnames, metric._documentation


def test_the_document_lists_every_metric_as_it_is_and_no_other() -> None:
    listed = set(re.findall(r"^\| `(aml_\w+)` .*$", DOCUMENT, re.MULTILINE))
    rows = {}
    for name, kind, labels, meaning in ours():
        full = f"{name}_total" if kind == "counter" else name
        by = f" {', '.join(labels)}" if labels else ""
        rows[full] = f"| `{full}` | {kind} |{by} | {meaning} |"
    assert listed == rows.keys()
    for row in rows.values():
        assert row in DOCUMENT


def expressions(node: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Every PromQL expression in a document."""
    if isinstance(node, dict):
        if isinstance(node.get("expr"), str):
            yield node["expr"]
        for child in node.values():
            yield from expressions(child)
    elif isinstance(node, list):
        for child in node:
            yield from expressions(child)


def asked() -> list[str]:
    dashboard = json.loads((FILES / "grafana/dashboards/aml.json").read_text())
    alerts = YAML(typ="safe").load((FILES / "alerts.yml").read_text())
    return [*expressions(dashboard), *expressions(alerts)]


@pytest.mark.parametrize("expression", asked())
def test_the_dashboard_and_the_alerts_ask_for_metrics_that_exist(expression: str) -> None:
    exist = {name + suffix: labels for name, kind, labels, _ in ours() for suffix in SUFFIXES[kind]}
    names = set(re.findall(r"\b((?:aml|process)_\w+|up)\b", re.sub(r'"[^"]*"', "", expression)))
    assert names
    assert names <= exist.keys() | STANDARD
    known = {"le", "job", "instance"} | {label for name in names for label in exist.get(name, ())}
    by = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")}
    assert by <= known


def test_every_metric_is_on_the_dashboard() -> None:
    everything = " ".join(asked())
    for name, kind, _, _ in ours():
        assert any(name + suffix in everything for suffix in SUFFIXES[kind]), name


def test_prometheus_asks_with_the_token_from_a_file() -> None:
    jobs = YAML(typ="safe").load((FILES / "prometheus.yml").read_text())["scrape_configs"]
    assert [job["job_name"] for job in jobs] == ["aml-api", "aml-consumer", "aml-worker"]
    assert all("credentials_file" in job["authorization"] for job in jobs)
