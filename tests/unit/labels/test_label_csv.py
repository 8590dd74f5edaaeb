"""Labels from CSV: what is read, and that every refusal names the line."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.errors import InvalidInput
from app.labels.effective import label_set_digest
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.store import LabelRow, remove_labels
from tests.support.builders import effective_label

HEADER = "chain,address,category,name,source,confidence"
ADDRESS = "0x" + "ab" * 20


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[LabelRow]]:
    def reader(*lines: str, header: str = HEADER) -> list[LabelRow]:
        file = tmp_path / "labels.csv"
        file.write_text("".join(f"{line}\n" for line in (header, *lines)).replace("0xab,", f"{ADDRESS},"))
        return list(read_labels(file, LabelFormat.csv, skipped=Counter()))

    return reader


Read = Callable[..., list[LabelRow]]


def test_a_line_becomes_a_label_with_a_normalised_address(read: Read, tmp_path: Path) -> None:
    upper = "0x" + "AB" * 20
    assert read(f'ethereum,{upper},mixer,"Mixer, the 1st",list,90') == [
        LabelRow(
            "ethereum", ADDRESS, "mixer", "Mixer, the 1st", "list", 90, None, None, f"{tmp_path}/labels.csv:2"
        )
    ]


def test_an_empty_category_only_names(read: Read) -> None:
    assert read("ethereum,0xab,,A bridge,list,0")[0].category is None


def test_validity_is_read_with_its_zone(read: Read) -> None:
    label = read(
        "ethereum,0xab,scam,n,s,1,2024-01-02,2024-01-02T05:00:00+01:00",
        header=f"{HEADER},valid_from,valid_to",
    )[0]
    assert label.valid_from == datetime(2024, 1, 2, tzinfo=UTC)
    assert label.valid_to == datetime(2024, 1, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ethereum,0xab,scam,n,s", "labels.csv:3: more or fewer fields"),
        ("ethereum,0xab,scam,n,s,1,2,3,4", "labels.csv:3: more or fewer fields"),
        ("ethereum,0xab,scam,n,s,101,,", "labels.csv:3: confidence must be"),
        ("ethereum,0xab,scam,n,s,1.5,,", "labels.csv:3: confidence must be"),
        ("ethereum,0xab,scam,n,s,²,,", "labels.csv:3: confidence must be"),
        ("ethereum,0xab,scam,,s,1,,", "labels.csv:3: name is empty"),
        ("moon,0xab,scam,n,s,1,,", "labels.csv:3: The chain 'moon' is not known"),
        ("ethereum,0xabc,scam,n,s,1,,", "labels.csv:3: '0xabc' is no 0x address"),
        ("ethereum,0xab,scam,\x1b[31mn,s,1,,", "labels.csv:3: name .* or a control character"),
        (f"ethereum,0xab,scam,{'é' * 251},s,1,,", "labels.csv:3: name has over 500 bytes"),
        ("ethereum,0xab,scam,n,s,1,yesterday,", "labels.csv:3: valid_from must be a date"),
        ("ethereum,0xab,scam,n,s,1,2024-01-01T00:00:00,", "labels.csv:3: valid_from needs its time zone"),
        ("ethereum,0xab,scam,n,s,1,2024-01-02,2024-01-01", "labels.csv:3: valid_to must be later"),
        (f"ethereum,0xab,scam,{'n' * 501},s,1,,", "labels.csv:3: name has over 500 bytes"),
        ('ethereum,0xab,scam,"n"x,s,1,,', "labels.csv:3: not CSV"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(read: Read, line: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read("ethereum,0xab,scam,n,s,1,,", line, header=f"{HEADER},valid_from,valid_to")


@pytest.mark.parametrize("header", ["", "address,chain", f"{HEADER},colour", f"{HEADER},chain"])
def test_another_header_is_refused(read: Read, header: str) -> None:
    with pytest.raises(InvalidInput, match=r"labels\.csv:1: the header must be chain,address,"):
        read("ethereum,0xab,scam,n,s,1", header=header)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"labels\.csv does not exist"):
        read_labels(tmp_path / "labels.csv", LabelFormat.csv, skipped=Counter())
    (tmp_path / "labels.csv").write_bytes(b"chain,\xff")
    with pytest.raises(InvalidInput, match=r"labels\.csv:1: cannot be read as UTF-8"):
        list(read_labels(tmp_path / "labels.csv", LabelFormat.csv, skipped=Counter()))


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"{HEADER}\nethereum,{ADDRESS},scam,n,s,1\n")
    told: list[tuple[int, int]] = []
    skipped: Counter[str] = Counter()
    list(
        read_labels(file, LabelFormat.csv, skipped=skipped, progress=lambda done, of: told.append((done, of)))
    )
    assert told[-1] == (file.stat().st_size, file.stat().st_size)


def test_the_digest_sees_what_labels_say_and_not_their_order_or_identities() -> None:
    digest = label_set_digest([effective_label("0x1"), effective_label("0x2")])
    assert digest == label_set_digest([effective_label("0x2", wallet_id=7), effective_label("0x1")])
    assert digest != label_set_digest([effective_label("0x1"), effective_label("0x2", confidence=2)])
    assert digest != label_set_digest([effective_label("0x1")])


@pytest.mark.parametrize("divider", ["\t", "\n", '", "'])
def test_no_text_in_a_label_can_look_like_another_one(divider: str) -> None:
    one = effective_label("0x1", name=f"a{divider}b", source="c")
    other = effective_label("0x1", name="a", source=f"b{divider}c")
    assert label_set_digest([one]) != label_set_digest([other])


def test_removing_everything_at_once_is_refused() -> None:
    with pytest.raises(InvalidInput, match="which labels"):
        remove_labels(None)  # type: ignore[arg-type] # refused before the record is asked
