"""The table of names (docs/names.md), walked over the API's document, commands' answers and CSV headers."""

import dataclasses
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
    if line.startswith("| ") and not line.startswith(("| thing", "| name | forms", "| `"))
]
EXCEPTIONS = {
    line.split("`")[1]
    for line in (PROJECT / "docs" / "names.md").read_text().splitlines()
    if line.startswith("| `")
}
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


EXACT = re.compile(
    r"amount|amount_carried|unobserved|points|points_.*|score|score_before|score_after|change|by_.*"
    r"|usd_.*|.*_usd"
).fullmatch
NOT_EXACT = re.compile(
    r"share|share_.*|.*_share|.*_coverage|progress|counted|severity|hop_weight"
    r"|seconds|.*_seconds|seconds_since_.*|one_minute|five_minutes|latency_ms|.*_days|least|most"
).fullmatch


def forms(schema: dict[str, Any]) -> set[str]:
    """What a client meets under a name: text, number, integer, boolean, object or list."""
    if "$ref" in schema:
        return forms(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    choices = schema.get("anyOf", []) + schema.get("oneOf", [])
    found = {form for choice in choices for form in forms(choice)}
    return (found | ({schema["type"]} if "type" in schema else set())) - {"null"}


def forms_by_name() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for schema in DOCUMENT["components"]["schemas"].values():
        for name, content in schema.get("properties", {}).items():
            found.setdefault(name, set()).update(forms(content))
    return found


def test_a_name_has_one_form_and_a_plural_may_be_a_number() -> None:
    several = {name: found for name, found in forms_by_name().items() if len(found) > 1}
    plural = {name for name, found in several.items() if name.endswith("s") and found == {"array", "integer"}}
    assert several.keys() - plural == EXCEPTIONS - {"latency_ms"}


def test_what_must_be_exact_is_text_and_every_number_is_named_as_one() -> None:
    found = forms_by_name()
    assert {name: each for name, each in found.items() if EXACT(name) and each != {"string"}} == {}
    assert [name for name, each in found.items() if "number" in each and not NOT_EXACT(name)] == []
    assert [name for name, each in found.items() if NOT_EXACT(name) and each != {"number"}] == []


def test_a_duration_says_its_unit() -> None:
    for name, field in fields_of_models():
        if "latency" in field or field.endswith("_ms"):
            assert (name, field) == ("Dependency", "latency_ms")
