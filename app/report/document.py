"""The report as a PDF, set by Typst from a template and data; the data is never markup."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import typst

from app.answers.explanation import EvidenceItem
from app.answers.scores import RESIDUAL_NAMES
from app.answers.values.text_direction import without_direction_marks
from app.domain import decimal_units
from app.report.hop_columns import hop_columns
from app.report.summary import summary
from app.report.wallet_report import WalletReport

PARTIES = 12
"""Labelled wallets that the first pages name."""
_TEMPLATE = Path(__file__).resolve().parent / "report.typ"


def pdf(report: WalletReport) -> bytes:
    """The report as a PDF. Equal reports have equal bytes: its date is that of the run, its fonts Typst's."""
    completed = report.run.completed_at or report.run.as_of
    document: bytes = typst.compile(
        _template(),
        format="pdf",
        sys_inputs={"data": without_direction_marks(json.dumps(template_data(report), ensure_ascii=False))},
        ignore_system_fonts=True,
        timestamp=int(completed.timestamp()),
    )
    return document


@cache
def _template() -> bytes:
    return _TEMPLATE.read_bytes()


def template_data(report: WalletReport) -> dict[str, Any]:
    """The data of the template: figures as the API writes them, or in the asset's own unit."""
    plain = report.model_dump(mode="json")
    for item in (*plain["explanation"]["exposures"], *plain["explanation"]["residuals"]):
        item["units"] = "" if item["amount"] is None else decimal_units(item["amount"], item["decimals"])
        item["percent"] = f"{item['share'] * 100:.6f} %"
        item["label"] = RESIDUAL_NAMES.get(item.get("kind", ""), "") or item["category"].replace("_", " ")
        item["is_residual"] = "kind" in item
    for part in (*plain["explanation"]["contributions"], *plain["explanation"]["other_contributions"]):
        part["shown_share"] = f"{part['share']:.12f}"
        floored = "" if part["counted"] == 1 else f" × {part['counted']:g}"  # noqa: RUF001 - for people
        part["factors"] = f"{part['severity']:g} × {part['hop_weight']:g}{floored}"  # noqa: RUF001 - likewise
    for item in plain["explanation"]["sent_beyond_received"]:
        item["units"] = decimal_units(item["amount"], item["decimals"])
    plain["summary"] = summary(report.explanation, report.run)
    plain["assets"] = _by_asset(plain["explanation"])
    plain["picture"] = hop_columns(report.explanation)
    plain["parties"] = [
        {
            "name": each.label or each.wallet.name or "",
            "address": each.wallet.address,
            "direction": each.direction,
            "category": each.category.replace("_", " "),
            "amount": f"{decimal_units(each.amount, each.decimals)} {each.asset}",
            "points": each.points,
        }
        for each in report.explanation.top_contributing_wallets[:PARTIES]
    ]
    plain["paths"] = [_path(number, path) for number, path in enumerate(report.explanation.paths, 1)]
    return plain


def _by_asset(explanation: dict[str, Any]) -> list[dict[str, Any]]:
    """Exposures and residuals by asset and direction: together they are all that moved."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in (*explanation["exposures"], *explanation["residuals"]):
        if item["asset"] is not None:
            groups.setdefault((item["asset"], item["direction"]), []).append(item)
    return [
        {
            "asset": asset,
            "direction": direction,
            "rows": rows,
            "percent": f"{sum(row['share'] for row in rows) * 100:.6f} %",
        }
        for (asset, direction), rows in sorted(groups.items())
    ]


def _path(number: int, path: EvidenceItem) -> dict[str, Any]:
    return {
        "number": number,
        "direction": path.direction,
        "category": path.category.replace("_", " "),
        "label": path.label,
        "source": path.label_source,
        "confidence": path.label_confidence,
        "asset": path.asset,
        "carried": decimal_units(path.amount_carried, path.decimals),
        "percent": f"{path.share * 100:.6f} %",
        "points": path.points,
        "transfers": [
            {
                "hash": step.transaction_hash,
                "index": step.transfer_index,
                "time": f"{step.occurred_at:%Y-%m-%d %H:%M:%S} UTC",
                "sender": step.sender,
                "receiver": step.receiver,
                "amount": decimal_units(step.amount, path.decimals),
                "carried": decimal_units(step.amount_carried, path.decimals),
            }
            for step in path.transfers
        ],
    }
