"""Lists that went through a spreadsheet of whatever language are read, or refused with what to do."""

import gzip
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.errors import InvalidInput
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.readers.lists import ListOptions
from app.labels.readers.unusable import Unusable
from app.labels.store import LabelRow

ETH, OTHER = "0x" + "ab" * 20, "0x" + "cd" * 20
RIPPLE = "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh"
OWN = f"chain,address,category,name,source,confidence\nethereum,{ETH},scam,Müller & Söhne,desk,90\n"
LIST = f"address,name,category\n{ETH},Café,scam\n{OTHER},Two,scam\n"


def read(path: Path, body: bytes, name: str) -> list[LabelRow]:
    (path / name).write_bytes(body)
    options = ListOptions(chain="ethereum")
    return list(read_labels(path / name, LabelFormat.auto, skipped=Counter(), options=options))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: "sep=;\r\n" + text.replace(",", ";"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
    ],
)
def test_a_table_is_read_however_its_cells_are_separated(tmp_path: Path, change) -> None:  # noqa: ANN001
    (own,) = read(tmp_path, change(OWN).encode(), "own.csv")
    assert (own.address, own.name, own.confidence) == (ETH, "Müller & Söhne", 90)
    assert [row.name for row in read(tmp_path, change(LIST).encode(), "list.csv")] == ["Café", "Two"]
    assert len(read(tmp_path, gzip.compress(change(LIST).encode()), "list.csv.gz")) == 2


def zipped() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("list.csv", LIST)
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [
        (LIST.encode("utf-16"), "a.csv", r"is UTF-16.*Save it as CSV in UTF-8"),
        (LIST.encode("utf-16-le"), "a.csv", r"is UTF-16"),
        (LIST.encode("latin-1"), "a.csv", r":2: cannot be read as UTF-8.*Save it as CSV in UTF-8"),
        (LIST.replace("\n", "\r").encode(), "a.csv", r"ends its lines with CR alone"),
        (zipped(), "a.csv", r"is packed as zip"),
        (zipped(), "a.csv.gz", r"is packed as zip"),
        (zipped(), "a.xlsx", r"is packed as zip, or is a spreadsheet"),
        (zipped(), "a.json", r"is packed as zip"),
        (gzip.compress(LIST.encode(), mtime=0), "a.csv", r"is packed as gzip and not named \.gz"),
        (gzip.compress(b"title: x", mtime=0), "a.yaml.gz", r"Unpack it"),
        (b"", "a.csv", r"is empty"),
        (b"", "a.json", r"is empty"),
        (LIST.replace("category", "name").encode(), "a.csv", r"several columns name"),
        (OWN.replace("source,", "name,").encode(), "a.csv", r"several columns name"),
        (f"address,name\n{ETH},a,b\n".encode(), "a.csv", r":2: more fields than the header"),
        (
            f'address,confidence\n{ETH},"0,9"\n'.encode(),
            "a.csv",
            r":2: the confidence 0,9 is no whole number",
        ),
        (f"address,valid_from\n{ETH},31.12.2023\n".encode(), "a.csv", r"write 2026-01-31"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(
    tmp_path: Path, body: bytes, name: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(tmp_path, body, name)


def test_what_is_left_beside_lists_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(LIST)
    for name in ("._list.csv", "~$list.csv", ".~lock.list.csv"):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07")
    skipped = Unusable()
    options = ListOptions(chain="ethereum")
    assert len(list(read_labels(tmp_path, LabelFormat.auto, skipped=skipped, options=options))) == 2
    assert (skipped.unreadable, skipped.entries) == ([], [])


def test_packed_json_and_percentages_and_capital_hex_are_read(tmp_path: Path) -> None:
    (row,) = read(tmp_path, gzip.compress(f'["{ETH}"]'.encode()), "a.json.gz")
    assert row.address == ETH
    table = f"address,confidence\n0X{'AB' * 20},90%\n{OTHER},80.0\n"
    assert [row.confidence for row in read(tmp_path, table.encode(), "a.csv")] == [90, 80]


def test_tags_of_lists_belong_to_their_labels(tmp_path: Path) -> None:
    table = (
        f"chain,address,name,destination_tag\nXRP,{RIPPLE},a,1042\nXRP,{RIPPLE},b,7.0\nXRP,{RIPPLE},c,\n"
        "XRP,X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu,d,\n"
        f"XRP,{RIPPLE}?dt=9,e,\nXLM,MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK,f,\n"
    )
    rows = read(tmp_path, table.encode(), "a.csv")
    assert [(row.name, row.tag) for row in rows] == [
        ("a", "1042"), ("b", "7"), ("c", None), ("d", "1"), ("e", "9"),
        ("f", "9223372036854775808"),
    ]  # fmt: skip
    own = "chain,address,category,name,source,confidence,tag\nripple,{},scam,n,desk,90,{}\n"
    (row,) = read(tmp_path, own.format(RIPPLE, "memo é").encode(), "own.csv")
    assert (row.tag, row.identity[-1]) == ("memo é", "memo é")
    with pytest.raises(InvalidInput, match=r"own.csv:2: tag"):
        read(tmp_path, own.format(RIPPLE, "a\u202eb").encode(), "own.csv")


def test_a_dry_run_needs_no_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "list.csv").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    words = ["import", "labels", "list.csv", "--dry-run", "--json", "--home", str(tmp_path / "none")]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert (result.exit_code, json.loads(result.stdout)["labels"]) == (0, 1)
