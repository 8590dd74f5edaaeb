"""The report as CSV: one line for each figure, label or transfer; `part` says which it is."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from app.answers.values.csv_cells import csv_cell
from app.report.wallet_report import WalletReport

COLUMNS = (
    "part",
    "direction",
    "category",
    "hop",
    "listed",
    "firm",
    "asset",
    "share",
    "amount",
    "decimals",
    "severity",
    "hop_weight",
    "counted",
    "points",
    "usd_value",
    "direct_usd",
    "indirect_usd",
    "name",
    "value",
    "reason",
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


def table(report: WalletReport) -> str:
    """The report as CSV. Amounts are base units; text that looks like a formula gets an apostrophe."""
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in _rows(report):
        writer.writerow({name: csv_cell(value) for name, value in row.items()})
    return out.getvalue()


def _rows(report: WalletReport) -> Iterator[dict[str, Any]]:
    explanation, run = report.explanation, report.run
    summary: dict[str, Any] = {
        "chain": explanation.wallet.chain,
        "address": explanation.wallet.address,
        "name": explanation.wallet.name,
        "name_source": explanation.wallet.name_source,
        "score": explanation.score,
        "risk_level": explanation.risk_level,
        "band": explanation.band,
        "flags": " ".join(explanation.flags),
        "main_reason": explanation.main_reason,
        "usd_received": explanation.usd_received,
        "usd_sent": explanation.usd_sent,
        "source_coverage": explanation.source_coverage,
        "destination_coverage": explanation.destination_coverage,
        "status": explanation.status,
        "direction": explanation.direction,
        "weighting": explanation.weighting,
    }
    if explanation.totals is not None:
        summary |= explanation.totals.model_dump(mode="json")
    yield {"part": "report", "name": "made_at", "value": report.made_at.isoformat()}
    yield {"part": "report", "name": "made_by", "value": report.made_by}
    yield from ({"part": "wallet", "name": name, "value": value} for name, value in summary.items())
    yield from (
        {"part": "run", "name": name, "value": value} for name, value in run.model_dump(mode="json").items()
    )
    yield from (
        {"part": "rule", "name": reason.rule, "value": reason.outcome, "reason": reason.sentence}
        for reason in explanation.reasons
    )
    yield from ({"part": "incomplete", "value": reason} for reason in explanation.incomplete_reasons)
    for part, items in (
        ("contribution", explanation.contributions),
        ("other_contribution", explanation.other_contributions),
        ("exposure", explanation.exposures),
        ("amount", explanation.amounts),
    ):
        yield from ({"part": part, **item.model_dump(mode="json")} for item in items)
    for residual in explanation.residuals:
        yield {"part": "residual", **residual.model_dump(mode="json"), "category": residual.kind}
    for beyond in explanation.sent_beyond_received:
        yield {"part": "sent_beyond_received", **beyond.model_dump(mode="json")}
    for label in report.labels:
        yield {"part": "label", **label.model_dump(mode="json")}
    for path_number, path in enumerate(explanation.paths, 1):
        fields = path.model_dump(mode="json", exclude={"transfers"})
        yield {"part": "path", "path": path_number, **fields} | {
            "name": path.label,
            "source": path.label_source,
            "confidence": path.label_confidence,
        }
        for number, step in enumerate(path.transfers, 1):
            position = {"part": "transfer", "path": path_number, "step": number, "decimals": path.decimals}
            yield position | step.model_dump(mode="json")
    if explanation.not_listed is not None:
        yield {"part": "not_listed", **explanation.not_listed.model_dump(mode="json")}
