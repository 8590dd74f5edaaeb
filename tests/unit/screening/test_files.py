"""Files of subjects: what is read, what is refused line by line, and what a spreadsheet is given."""

import pytest

from app.answers.screenings import SCREENING
from app.errors import InvalidInput
from app.screening.files import OUT_COLUMNS, out_row, read_subjects
from app.screening.subjects import TransferSubject, WalletSubject, WithdrawalSubject

A, B = "0x" + "aa" * 20, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"


def test_without_a_header_each_line_is_an_address() -> None:
    lines = ["\ufeff", f"{A}\n", "\n", f' "{B}",\n', "nonsense\n"]
    found = list(read_subjects(lines, "f"))
    assert [line for line, _, _ in found] == [2, 4, 5]
    assert [subject.address for _, _, subject in found if isinstance(subject, WalletSubject)] == [
        A,
        B,
        "nonsense",
    ]


def test_a_header_names_fields_of_every_kind_of_subject() -> None:
    lines = [
        "type,address,chain,reference,transaction_hash,receiver,destination,asset,units\n",
        f"wallet,{A},ethereum,r1,,,,,\n",
        f"transfer,,,r2,0x{'11' * 32},{A},,,\n",
        f"withdrawal,,ethereum,r3,,,{A},ETH,1.5\n",
        f",{A},,r4,,,,,\n",
        "transfer,,,r5,,,,,\n",
        "wallet,x\n",
    ]
    found = list(read_subjects(lines, "f"))
    kinds = [type(subject) for _, _, subject in found]
    assert kinds == [WalletSubject, TransferSubject, WithdrawalSubject, WalletSubject, str, str]
    assert [line for line, _, _ in found] == [2, 3, 4, 5, 6, 7]
    assert [reference for _, reference, _ in found] == ["r1", "r2", "r3", "r4", "r5", None]
    assert "transaction_hash: Field required" in str(found[4][2])
    assert "more or fewer fields" in str(found[5][2])


@pytest.mark.parametrize(
    "lines", [["address,colour\n", f"{A},red\n"], ["address,address\n"], ["address\n", '"\n']]
)
def test_what_is_no_such_file_is_refused(lines: list[str]) -> None:
    with pytest.raises(InvalidInput):
        list(read_subjects(lines, "f"))


def test_a_row_has_the_answer_and_nothing_that_a_spreadsheet_would_run() -> None:
    row = dict(zip(OUT_COLUMNS, out_row(7, "=cmd()", SCREENING), strict=True))
    assert (row["line"], row["reference"], row["risk_level"], row["status"]) == (
        "7",
        "'=cmd()",
        "low",
        "complete",
    )
    assert (row["run_id"], row["computed_from"]) == ("3", "run")
    refused = dict(zip(OUT_COLUMNS, out_row(8, None, "no such field"), strict=True))
    assert (refused["status"], refused["detail"], refused["screening_id"]) == ("refused", "no such field", "")
