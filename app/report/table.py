"""The report as CSV: one line a figure, a label or a transfer, each named by its `part`."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from app.report.wallet_report import WalletReport

COLUMNS = (
    "part",
    "direction",
    "category",
    "hop",
    "asset",
    "share",
    "amount",
    "decimals",
    "severity",
    "hop_weight",
    "points",
    "name",
    "value",
    "source",
    "confidence",
    "path",
    "step",
    "transaction_hash",
    "transfer_index",
    "occurred_at",
    "sender",
    "receiver",
    "amount_carried",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FREE_TEXT = {"name", "source"}


def table(report: WalletReport) -> str:
    """The lines. Amounts are base units; free text that a spreadsheet would run gets an apostrophe."""
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in _rows(report):
        writer.writerow({name: _cell(name, value) for name, value in row.items()})
    return out.getvalue()


def _rows(report: WalletReport) -> Iterator[dict[str, Any]]:
    found, run = report.explanation, report.run
    about: dict[str, Any] = {
        "chain": found.wallet.chain,
        "address": found.wallet.address,
        "score": found.score,
        "risk_level": found.risk_level,
        "band": found.band,
        "status": found.status,
        "direction": found.direction,
        "weighting": found.weighting,
    }
    yield from ({"part": "wallet", "name": name, "value": value} for name, value in about.items())
    yield from (
        {"part": "run", "name": name, "value": value} for name, value in run.model_dump(mode="json").items()
    )
    yield from ({"part": "rule", "name": rule.name, "value": rule.level_at_least} for rule in report.rules)
    yield from ({"part": "incomplete", "value": reason} for reason in found.incomplete_reasons)
    for part, items in (
        ("contribution", found.contributions),
        ("other_contribution", found.other_contributions),
        ("exposure", found.exposures),
    ):
        yield from ({"part": part, **item.model_dump(mode="json")} for item in items)
    for rest in found.residuals:
        yield {"part": "residual", **rest.model_dump(mode="json"), "category": rest.kind}
    for beyond in found.sent_beyond_received:
        yield {"part": "sent_beyond_received", **beyond.model_dump(mode="json")}
    for label in report.labels:
        yield {"part": "label", **label.model_dump(mode="json")}
    for place, path in enumerate(found.paths, 1):
        about_path = path.model_dump(mode="json", exclude={"transfers"})
        yield {"part": "path", "path": place, **about_path} | {
            "name": path.label,
            "source": path.label_source,
            "confidence": path.label_confidence,
        }
        for number, step in enumerate(path.transfers, 1):
            named = {"part": "transfer", "path": place, "step": number, "decimals": path.decimals}
            yield named | step.model_dump(mode="json")
    if found.not_listed is not None:
        yield {"part": "not_listed", **found.not_listed.model_dump(mode="json")}


def _cell(name: str, value: Any) -> Any:  # noqa: ANN401 - one column of any type
    if name in _FREE_TEXT and isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
