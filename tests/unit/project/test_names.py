"""The table of names (docs/names.md), walked over the API's document, commands' answers and CSV headers."""

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

from app.answers.runs import PrunedRun, Pruning
from app.explain.export import EXPORT_COLUMNS
from app.labels.readers.label_csv import OPTIONAL, REQUIRED
from app.labels.store import ImportReport
from app.report.table import COLUMNS as REPORT_COLUMNS
from app.settings import PROJECT
from ingest.contract.schema import FIELDS
from ingest.kafka.producer import ProduceReport
from ingest.kafka.replay import Replay
from tests.unit.project.test_openapi import DOCUMENT, everything_in, operations

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (PROJECT / "docs" / "names.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| thing")
]
NEVER = {name for _, _, never in ROWS for name in re.findall(r"`(\w+)`", never)}
NAMES = {name for _, names, _ in ROWS for name in re.findall(r"`(\w+)`", names.partition(":")[0])}


def fields_of_models() -> Iterator[tuple[str, str]]:
    """Every field of every model of the API's document, with the model."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            yield name, field


def parameters() -> Iterator[tuple[str, str]]:
    """Every parameter of a request, with its operation."""
    for _, path, operation in operations():
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "header":
                yield path, parameter["name"]


def names_in(example: Any) -> set[str]:  # noqa: ANN401 - JSON
    return {name for node in everything_in(example) for name in node}


def csv_headers() -> set[str]:
    """The columns that are read and written as CSV: labels, transfers, exposures, the report."""
    return {*REQUIRED, *OPTIONAL, *FIELDS, *EXPORT_COLUMNS, *REPORT_COLUMNS}


def test_the_table_has_names_and_no_name_is_also_one_that_never_is() -> None:
    assert len(ROWS) > 15
    assert set() == NAMES & NEVER


def test_no_field_and_no_parameter_has_a_second_name() -> None:
    assert [pair for pair in fields_of_models() if pair[1] in NEVER] == []
    assert [pair for pair in parameters() if pair[1] in NEVER] == []


def test_every_name_of_the_table_is_one_that_clients_meet() -> None:
    met = {name for _, name in (*fields_of_models(), *parameters())}
    assert met >= NAMES, NAMES - met


def test_no_answer_of_a_command_and_no_csv_header_has_a_second_name() -> None:
    for model in (PrunedRun, Pruning, ImportReport, Replay, ProduceReport):
        fields = getattr(model, "model_fields", None) or {each.name for each in dataclasses.fields(model)}
        assert set(fields) & NEVER == set(), model
    assert csv_headers() & NEVER == set()


def test_the_examples_of_the_document_have_no_second_name() -> None:
    examples = [node["example"] for node in everything_in(DOCUMENT["paths"]) if "example" in node]
    assert len(examples) > 50
    assert set().union(*map(names_in, examples)) & NEVER == set()


def test_durations_end_with_their_unit_and_exact_numbers_are_text() -> None:
    exact = re.compile(r"(amount|points|usd_value|score|amount_carried|score_before|score_after|change)$")
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, content in schema.get("properties", {}).items():
            if exact.fullmatch(field):
                assert "number" not in json.dumps(content), (name, field)
            if "latency" in field or field.endswith("_ms"):
                assert (name, field) == ("Dependency", "latency_ms")
