"""Files that went through a spreadsheet or a warehouse are read as what they say, or refused."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from app.domain import Transfer
from app.errors import InvalidInput
from ingest.files.sources import find_source, read_source
from ingest.files.tally import Tally

HASH, ALICE, BOB = "0x" + "ab" * 32, "0x" + "a1" * 20, "0x" + "b0" * 20
EXPORT = (
    "hash,nonce,block_number,transaction_index,from_address,to_address,value,block_timestamp,receipt_status\n"
    f"{HASH},1,5000000,0,{ALICE},{BOB},1500,1517319693,1\n"
)
EXPLORER = (
    '"Txhash","Blockno","UnixTimestamp","From","To","ContractAddress","Value_IN(ETH)","Value_OUT(ETH)","Status"\n'
    f'"{HASH}","5000000","1517319693","{ALICE}","{BOB}","","1,500.5","0",""\n'
)


def read(path: Path, body: bytes, name: str = "t.csv") -> tuple[list[int], dict[str, int]]:
    """The amounts of the file, and what was left out."""
    file = path / name
    file.write_bytes(body)
    tally = Tally()
    events = read_source(find_source(file), tally)
    return [event.amount for event in events if isinstance(event, Transfer)], dict(tally)


@pytest.mark.parametrize(
    "text",
    [
        EXPORT.replace(",", ";"),
        EXPORT.replace(",", "\t"),
        "sep=;\n" + EXPORT.replace(",", ";"),
        EXPORT.replace("\n", "\r\n"),
        "\ufeff" + EXPORT,
        EXPORT.replace(",", " , "),
        "\n".join([EXPORT.split("\n", maxsplit=1)[0].upper(), *EXPORT.split("\n")[1:]]),
        EXPORT.replace("1517319693", "2018-01-30T13:41:33.000+0000"),
    ],
)
def test_an_export_is_read_however_its_cells_are_written(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text.encode()) == ([1_500], {})


@pytest.mark.parametrize(
    ("number", "amount"),
    [("1,500.5", 1_500_500), ("1500.5", 1_500_500), ("1.5E-5", 0), ("2E+1", 20_000), ("1,500", 1_500_000)],
)
def test_numbers_of_an_explorer_are_exact(tmp_path: Path, number: str, amount: int) -> None:
    amounts, skipped = read(tmp_path, EXPLORER.replace("1,500.5", number).encode())
    assert (amounts, skipped) == ([amount * 10**15 or 15 * 10**12], {})


@pytest.mark.parametrize("number", ["1,5", "1.500,5", "12,50", "0,001", "1500,5"])
def test_a_fraction_behind_a_comma_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(InvalidInput, match=r"line 2: .* has its fraction behind a comma"):
        read(tmp_path, EXPLORER.replace("1,500.5", number).encode())


def test_a_value_that_is_no_number_is_counted_and_not_taken_for_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, EXPLORER.replace("1,500.5", "about 2").encode()) == ([], {"bad_amount": 1})
    assert read(tmp_path, EXPORT.replace("1500,", "1.5E+03,").encode()) == ([], {"bad_amount": 1})


def zipped(text: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("t.csv", text)
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (zipped(EXPORT), "zip"),
        (lzma.compress(EXPORT.encode()), "xz"),
        (bz2.compress(EXPORT.encode()), "bzip2"),
        (gzip.compress(EXPORT.encode(), mtime=0), "gzip"),
    ],
)
def test_a_file_that_is_packed_otherwise_is_refused_with_what_it_is(
    tmp_path: Path, body: bytes, kind: str
) -> None:
    with pytest.raises(InvalidInput, match=f"is packed as {kind}"):
        read(tmp_path, body)
