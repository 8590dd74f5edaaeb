"""What an import of transfers read, left out and could not know, for people and programs."""

from collections.abc import Mapping
from typing import Any

from app.cli.output.terminal import legible, stderr
from ingest.files.sources import Source
from ingest.files.spool import Totals
from ingest.files.tally import NOTES, REASONS, Tally

NAMED_ENTRIES = 20
"""Entries of lists named on the terminal; JSON has all."""
LISTED_ASSETS = 5
"""Assets named on the terminal, those with most transfers; JSON has all."""


def summary(source: Source, totals: Totals, tally: Tally) -> dict[str, Any]:
    """The summary as JSON: amounts are strings of base units by `chain:asset`."""
    return {
        "forms": source.forms,
        "chain": source.chain,
        "not_recognised": [str(path) for path in source.unknown],
        "transfers": totals.transfers,
        "retractions": totals.retractions,
        "internal": totals.internal,
        "first": totals.first,
        "last": totals.last,
        "assets": {
            key: {"transfers": number, "amount": str(totals.amounts[key])}
            for key, number in totals.transfers_of.most_common()
        },
        "transfers_of_other_assets": totals.other_assets,
        "skipped": dict(tally.most_common()),
        "examples": tally.examples,
        "notes": {note: number for note, number in tally.notes.most_common() if number},
        "assumed_decimals": dict(tally.assumed_decimals.most_common()),
        "gone": {"transfers": 0, "blocks": 0},
        "import_id": None,
        "delivered": 0,
    }


def print_summary(answer: dict[str, Any]) -> None:
    """The summary in sentences."""
    _say(f"Read {', '.join(f'{number} × {form}' for form, number in answer['forms'].items())}.")
    if answer["not_recognised"]:
        _say(f"Not recognised, and not read: {', '.join(answer['not_recognised'])}.")
    span = f", from {answer['first']:%Y-%m-%d} to {answer['last']:%Y-%m-%d}" if answer["first"] else ""
    internal = f" ({answer['internal']:,} internal)" if answer["internal"] else ""
    _say(f"{answer['transfers']:,} transfers{internal}{span}; {answer['retractions']:,} retractions.")
    assets = list(answer["assets"].items())
    for key, asset in assets[:LISTED_ASSETS]:
        _say(f"  {asset['transfers']:,} of {key}, together {asset['amount']} base units")
    if len(assets) > LISTED_ASSETS:
        _say(f"  and of {len(assets) - LISTED_ASSETS:,} other assets")
    if answer["skipped"]:
        _say(f"{sum(answer['skipped'].values()):,} records left out:")
    for reason, number in answer["skipped"].items():
        places = "; ".join(answer["examples"].get(reason, ()))
        meaning = REASONS.get(reason)
        _say(f"  {number:,} {reason}{f' ({meaning})' if meaning else ''}{f': {places}' if places else ''}")
    if answer.get("gone", {}).get("transfers"):
        _say(
            f"{answer['gone']['transfers']:,} transfers of earlier imports are gone from"
            f" {answer['gone']['blocks']:,} blocks that are imported again:"
            f" {'they are' if answer['delivered'] else 'importing would have them'} retracted."
            " With --partial nothing is."
        )
    for note, number in answer["notes"].items():
        _say(f"Note: {number:,} {NOTES[note]}")
    assumed = list(answer["assumed_decimals"])
    if assumed:
        more = f", and {len(assumed) - LISTED_ASSETS:,} more (--json)" if len(assumed) > LISTED_ASSETS else ""
        _say(f"  Tokens of unknown decimals: {', '.join(assumed[:LISTED_ASSETS])}{more}.")
    _say(
        f"{answer['delivered']:,} published; the consumer records them."
        f" `aml import undo {answer['import_id']}` takes them back."
        if answer["delivered"]
        else "Nothing was published."
    )


def print_label_summary(answer: dict[str, Any]) -> None:
    """What an import of labels did, in sentences."""
    counts = [
        f"{answer[name]:,} {name}"
        for name in ("added", "updated", "unchanged", "removed", "delisted")
        if name in answer
    ]
    _say(f"{answer['labels']:,} labels{': ' + ', '.join(counts) if counts else '; nothing was recorded'}.")
    if answer["skipped"]:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in answer["skipped"].items())
        _say(f"{sum(answer['skipped'].values()):,} entries are no label: {reasons}")
    for entry in answer["unusable"][:NAMED_ENTRIES]:
        _say(f"  {entry['reason']}: {entry['origin']}: {entry['text']}")
    if len(answer["unusable"]) > NAMED_ENTRIES:
        _say(f"  and {len(answer['unusable']) - NAMED_ENTRIES:,} more: --json names them")
    for sentence in answer["unreadable"]:
        _say(f"Not read: {sentence}")


def print_reasons(what: str, answer: Mapping[str, Any], reasons: Mapping[str, str]) -> None:
    """What an import of prices or assets did, in sentences; `reasons` says what each reason means."""
    counts = [
        f"{answer[name]:,} {name}" for name in ("added", "updated", "unchanged", "removed") if name in answer
    ]
    _say(f"{answer[what]:,} {what}{': ' + ', '.join(counts) if counts else '; nothing was recorded'}.")
    if answer.get("first_day"):
        _say(f"Of {answer['assets']:,} assets, from {answer['first_day']} to {answer['last_day']}.")
    for reason, number in answer["skipped"].items():
        places = "; ".join(answer["examples"].get(reason, ()))
        _say(f"  {number:,} {reason} ({reasons[reason]}): {places}")
    if counts:
        _say("The next scoring run uses them.")


def _say(sentence: str) -> None:
    stderr.print(legible(sentence), highlight=False, markup=False, soft_wrap=True)
