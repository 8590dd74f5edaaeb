"""Subjects out of a CSV file or a list of addresses, and screenings into CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from app.answers.screenings import Screening
from app.errors import InvalidInput
from app.labels.formulas import guarded, unguarded
from app.screening.subjects import Subject

COLUMNS: Final = (
    "type", "address", "chain", "transaction_hash", "transfer_index", "receiver", "destination", "asset",
    "amount", "units", "usd_value", "reference", "customer_reference", "tag",
)  # fmt: skip
"""What a header may name; without a header each line is an address."""
OUT_COLUMNS: Final = (
    "line", "screening_id", "subject", "asked_for", "status", "risk_level", "score", "flags", "main_reason",
    "labels", "chain", "address", "computed_from", "run_id", "watermark", "detail", "reference", "tag",
)  # fmt: skip
_MARK = "\ufeff"
_subject: TypeAdapter[Subject] = TypeAdapter(Subject)


def read_subjects(lines: Iterable[str], name: str) -> Iterator[tuple[int, str | None, Subject | str]]:
    """Line, the caller's reference, and the subject or why there is none, of each line that is not blank.

    Raises:
        InvalidInput: it is no CSV, or its header names what no subject has.
    """
    numbered = iter(enumerate(lines, 1))
    first = next(((number, line) for number, line in numbered if line.strip().strip(_MARK)), None)
    if first is None:
        return
    number, line = first
    header = [cell.strip().lower() for cell in line.lstrip(_MARK).strip().split(",")]
    if not set(header) & set(COLUMNS):
        for at, text in (first, *numbered):
            if text.strip():
                yield at, None, _parsed({"type": "wallet", "address": text.strip().strip("\ufeff\"',;")})
        return
    unknown = [cell for cell in header if cell not in COLUMNS]
    if unknown or len(set(header)) < len(header):
        raise InvalidInput(f"{name}:{number}: the header may have {', '.join(COLUMNS)}, each once.")
    reader = csv.reader((text for _, text in numbered), strict=True)
    try:
        for cells in reader:
            at = number + reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                yield at, None, "It has more or fewer fields than the header. Quote fields with commas."
                continue
            given = zip(header, cells, strict=True)
            fields = {key: unguarded(cell.strip()) for key, cell in given if cell.strip()}
            yield at, fields.get("reference"), _parsed({"type": "wallet", **fields})
    except csv.Error as exc:
        raise InvalidInput(f"{name}:{number + reader.line_num}: not CSV ({exc}).") from exc


def out_row(line: int, reference: str | None, screening: Screening | str) -> tuple[str, ...]:
    """One line of the answer; a text is why there was nothing to screen."""
    if isinstance(screening, str):
        fields: dict[str, Any] = {"status": "refused", "detail": screening}
    else:
        wallet = screening.wallets[0] if screening.wallets else None
        base = screening.computed_from
        labels = [
            f"{one.source}: {one.name}" + (f" (other tag {one.tag})" if one.other_tag else "")
            for each in screening.wallets
            for one in each.labels
        ]
        fields = {
            "screening_id": screening.screening_id,
            "subject": screening.subject,
            "asked_for": screening.asked.get("address")
            or screening.asked.get("destination")
            or screening.asked.get("transaction_hash"),
            "status": screening.status,
            "risk_level": screening.risk_level,
            "score": screening.score,
            "flags": " ".join(screening.flags),
            "main_reason": screening.main_reason,
            "labels": "; ".join(dict.fromkeys(labels)),
            "chain": wallet.wallet_score.wallet.chain if wallet else None,
            "address": wallet.wallet_score.wallet.address if wallet else None,
            "computed_from": base.origin if base else None,
            "run_id": base.run.run_id if base and base.run else None,
            "watermark": base.watermark if base else None,
            "detail": screening.detail,
            "tag": wallet.tag if wallet else screening.asked.get("tag"),
        }
    fields |= {"line": line, "reference": reference}
    return tuple(_cell(fields.get(name)) for name in OUT_COLUMNS)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return guarded(value) if isinstance(value, str) else str(value)


def _parsed(fields: dict[str, str]) -> Subject | str:
    try:
        return _subject.validate_strings(fields)
    except ValidationError as exc:
        return "; ".join(_faults(exc.errors(include_url=False, include_context=False)))


def _faults(errors: Sequence[Any]) -> Iterator[str]:
    for error in errors:
        place = ".".join(str(part) for part in error["loc"][1:]) or "line"
        yield f"{place}: {error['msg']}"
