"""The three formats of a report, and the name of its file."""

from typing import Literal

from app.report.document import pdf
from app.report.table import table
from app.report.wallet_report import WalletReport

ReportForm = Literal["pdf", "json", "csv"]
_MEDIA_TYPES = {"pdf": "application/pdf", "json": "application/json", "csv": "text/csv; charset=utf-8"}


def rendered_report(report: WalletReport, form: ReportForm) -> tuple[str, bytes]:
    """The media type and the bytes of a report."""
    if form == "pdf":
        body = pdf(report)
    elif form == "json":
        body = report.model_dump_json(indent=2).encode()
    else:
        body = table(report).encode()
    return _MEDIA_TYPES[form], body


def file_name(report: WalletReport, form: ReportForm) -> str:
    """The file name, of wallet and run: letters, digits and dashes only, so that it fits in a header."""
    wallet = report.explanation.wallet
    address = "".join(letter for letter in wallet.address if letter.isascii() and letter.isalnum())
    return f"{wallet.chain}-{address}-run-{report.run.run_id}.{form}"
