"""The wallets of a list as lines of CSV."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from app.answers.scores import RankedWallet
from app.answers.values.csv_cells import csv_cell

COLUMNS = (
    "chain", "address", "name", "name_source", "score", "risk_level", "flags", "rules", "main_category",
    "direction", "crime_usd", "usd_received", "usd_sent", "first_seen", "last_seen", "score_before",
    "main_reason",
)  # fmt: skip
LINES_AT_ONCE = 500


def score_table(scores: Iterable[RankedWallet], *, with_header: bool = True) -> Iterator[str]:
    """The header, where it is asked for, and a line a wallet, some hundred lines a text."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if with_header:
        writer.writerow(COLUMNS)
    for number, each in enumerate(scores, start=1):
        writer.writerow(csv_cell(value) for value in _cells(each))
        if number % LINES_AT_ONCE == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _cells(each: RankedWallet) -> Iterator[str | None]:
    plain = each.model_dump(mode="json")
    wallet = plain.pop("wallet")
    for column in COLUMNS:
        value = wallet[column] if column in wallet else plain[column]
        yield " ".join(value) if isinstance(value, list) else value
