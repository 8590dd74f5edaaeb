"""What the documents promise exists, and what exists is documented."""

import dataclasses
import json
import re

from typer.main import get_command

from app.cli import app
from app.domain import Retraction
from app.faults import POINTS
from app.settings import Settings
from app.stores.limits import LIMITS, READ_ANSWER_SECONDS
from app.stores.locks import Lock
from ingest.contract.reasons import REASONS
from ingest.contract.transfer import (
    OPTIONAL_FIELDS,
    OPTIONAL_RETRACTION_FIELDS,
    TRANSFER_FIELDS,
    decode,
)
from tests.support.paths import PROJECT

EVENT = (PROJECT / "docs" / "event.md").read_text()
OPERATIONS = (PROJECT / "docs" / "operations.md").read_text()
README = (PROJECT / "README.md").read_text()


def test_every_setting_is_documented_with_its_meaning() -> None:
    for name, field in Settings.model_fields.items():
        assert f"| `AML_{name.upper()}` |" in OPERATIONS
        assert field.description is not None
        assert field.description in OPERATIONS


def test_every_dead_letter_reason_is_documented() -> None:
    for reason, meaning in REASONS.items():
        assert f"| `{reason}` | {meaning} |" in EVENT


def test_every_field_of_the_event_is_documented() -> None:
    for name in (*TRANSFER_FIELDS, *OPTIONAL_FIELDS):
        assert re.search(rf"^\| .*`{name}`.* \|", EVENT, re.MULTILINE), name


def test_the_examples_of_the_event_are_events_with_every_field() -> None:
    examples = re.findall(r"^    (\{.*?\})$", EVENT, re.MULTILINE | re.DOTALL)
    for example, names in zip(
        examples,
        (
            {*TRANSFER_FIELDS, *OPTIONAL_FIELDS},
            {"type", *OPTIONAL_RETRACTION_FIELDS, *(field.name for field in dataclasses.fields(Retraction))},
        ),
        strict=True,
    ):
        whole = re.sub(r'(hash": ")0x…', rf"\g<1>0x{7:064x}", example)
        event = json.loads(whole.replace("0x…", f"0x{7:040x}"))
        assert event.keys() == names | {"schema_version"}
        assert decode(json.dumps(event).encode())


def test_every_lock_and_every_fault_point_is_in_the_concurrency_protocol() -> None:
    protocol = (PROJECT / "docs" / "concurrency.md").read_text()
    rows = re.findall(r"^\| `(\w+)`", protocol, re.MULTILINE)
    assert {row for row in rows if row.isupper()} == set(Lock.__members__)
    assert sorted(row for row in rows if row in POINTS) == sorted(POINTS)


def test_every_command_has_help_with_an_example() -> None:
    def leaves(command: object, path: str) -> list[tuple[str, str]]:
        children = getattr(command, "commands", None)
        if children is None:
            return [(path, getattr(command, "help", "") or "")]
        return [leaf for name, child in children.items() for leaf in leaves(child, f"{path} {name}")]

    for path, text in leaves(get_command(app), "aml"):
        assert f"Example: {path}" in text, path


def test_every_command_the_readme_promises_exists() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    promised = set(re.findall(r"\baml ([a-z][a-z-]+)", README))
    assert promised
    assert promised <= commands.keys()
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", README)) <= targets


DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])


def test_links_between_documents_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} -> {target}"


def test_files_and_folders_that_documents_name_are_there() -> None:
    roots = "alembic|app|bench|cypher|docs|embedded|frontend|ingest|tests"
    named = {
        (document.name, path)
        for document in DOCUMENTS
        if document.name != "CHANGELOG.md"  # it names what was
        for path in re.findall(rf"`((?:{roots})(?:/[\w.]+)+)/?`", document.read_text())
        if "pictures" not in path and "vendor" not in path  # built
    }
    assert len(named) > 50
    assert sorted((name, path) for name, path in named if not (PROJECT / path).exists()) == []


def test_every_time_limit_is_documented() -> None:
    rows = re.findall(r"^\| `(\w+)`[^|]*\|((?: *[\d.]+ \|){6})$", OPERATIONS, re.MULTILINE)
    documented = {name: [float(cell) for cell in cells.split("|")[:-1]] for name, cells in rows}
    assert documented == {
        work.value: [
            limits.statement,
            limits.lock,
            limits.connect,
            limits.query,
            limits.bolt_pool,
            limits.retry,
        ]
        for work, limits in LIMITS.items()
    }
    assert f"| every other `GET` | {READ_ANSWER_SECONDS:g} s" in OPERATIONS
