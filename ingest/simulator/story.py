"""A simulation: transfers in ledger order, labels and the truth; and its three files."""

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from app.domain import Transfer
from app.errors import InvalidInput
from ingest.contract.transfer import encode


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row of the label file."""

    chain: str
    address: str
    category: str
    name: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Story:
    """A simulation. `truth` is JSON-able: roles of wallets, and each pattern with what must be found."""

    transfers: list[Transfer]
    labels: list[LabelRow]
    truth: dict[str, Any]


def write_story(story: Story, out: Path) -> tuple[Path, Path, Path]:
    """Writes events, labels and truth; the same story gives the same bytes. Returns the three paths.

    For `OUT.jsonl` they are `OUT.jsonl`, `OUT.labels.csv` and `OUT.truth.json`.

    Raises:
        InvalidInput: the folder cannot be written to.
    """
    labels, truth = out.with_suffix(".labels.csv"), out.with_suffix(".truth.json")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("wb") as file:
            file.writelines(encode(transfer) + b"\n" for transfer in story.transfers)
        with labels.open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, [field.name for field in fields(LabelRow)], lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(label) for label in story.labels)
        truth.write_bytes(orjson.dumps(story.truth, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as exc:
        raise InvalidInput(f"The story cannot be written to {exc.filename}: {exc.strerror}.") from exc
    return out, labels, truth
