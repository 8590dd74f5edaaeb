"""What `aml demo` prints."""

import re
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from app.answers.values.amounts import two_digits

POINT = Decimal("0.000001")
SHOWN_SHARE = Decimal("0.000000001")
_ROW = re.compile(
    r"^│ (\w+) +│ (\w+) +│ (\d+) +│ +(\d\.\d{9}) │ +([\d.]+) │ +([\d.]+) │ +(\d+\.\d{6}) │$", re.MULTILINE
)
_PATH_LINE = re.compile(r"^    0x\w+…\w+  [\d-]{10} [\d:]{8}  \S.* → \S.*  [\d.,]+ ", re.MULTILINE)


class PrintedContribution(NamedTuple):
    """One row of the table of contributions, as printed."""

    share: Decimal
    severity: Decimal
    hop_weight: Decimal
    points: Decimal


def assert_explained(printed: str) -> None:
    """Several contributions are explained: each is its product, and they add up to the score exactly."""
    assert "Equal to the record: yes" in printed
    explained = printed.split("One wallet is explained")[1]
    (score,) = re.findall(r"^│ sum = score .*│ (\d+\.\d{6}) │$", explained, re.MULTILINE)
    assert re.findall(r"^score (\d+\.\d{2}), level \w+", explained, re.MULTILINE) == [two_digits(score)]
    rows = [PrintedContribution(*map(Decimal, row[3:])) for row in _ROW.findall(explained)]
    assert len(rows) > 1
    for row in rows:
        # The share is printed to nine places: the stored one may be half a place to either side.
        low, high = (
            ((row.share + side * SHOWN_SHARE / 2) * row.severity * row.hop_weight).quantize(POINT, ROUND_DOWN)
            for side in (-1, 1)
        )
        assert low <= row.points <= high, row
    assert sum(row.points for row in rows) == Decimal(score)
    assert f"{' + '.join(str(row.points) for row in rows)} = {score}" in explained.replace("\n", " ")
    assert _PATH_LINE.search(explained)


def assert_screened_and_alerted(printed: str) -> None:
    """A wallet is screened in another spelling, with its reasons; one that is watched makes alerts."""
    screened, alerted = printed.split("6. ")[1].split("7. ")[:2]
    assert re.search(r"^Screening \d+ of https://\S+: \w+, complete, from", screened, re.MULTILINE), screened
    assert re.search(r"^  \w+: \w.*\.", screened, re.MULTILINE), screened
    assert re.search(r"^Alert \d+, open, of deposit address 1: \w.*\.$", alerted, re.MULTILINE), alerted


def assert_for_people(printed: str) -> None:
    """Sentences and tables: no Python dictionary, no JSON, no trace."""
    for sign in ("{", "}", "Traceback", "None", "True"):
        assert sign not in printed
