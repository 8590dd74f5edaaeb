"""Every reader of files refuses what is no file, and bounds what it reads, in memory and in time."""

import gzip
import os
import resource
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from app.errors import InvalidInput
from app.input_files import MAX_LINE_BYTES, read_lines
from app.labels.readers.label_file import LabelFormat, read_labels
from app.policy.policy import load_policy
from app.settings import PROJECT
from ingest.files.ethereum_etl import read_ethereum_etl
from ingest.files.records import read_records
from ingest.files.sources import find_source, read_source
from ingest.files.tally import Tally
from ingest.files.transfer_csv import read_csv

MIB = 2**20
Reader = Callable[[Path], object]


def _labels(label_format: LabelFormat, path: Path) -> None:
    list(read_labels(path, label_format, skipped=Counter()))


READERS: dict[str, tuple[str, Reader]] = {
    "labels.csv": ("labels.csv", partial(_labels, LabelFormat.csv)),
    "tagpack": ("pack.yaml", partial(_labels, LabelFormat.tagpack)),
    "ofac.xml": ("sdn.xml", partial(_labels, LabelFormat.ofac)),
    "ofac.txt": ("sanctioned_addresses_ETH.txt", partial(_labels, LabelFormat.ofac)),
    "list.json": ("list.json", partial(_labels, LabelFormat.list)),
    "list.csv": ("list.csv", partial(_labels, LabelFormat.list)),
    "transfers of any form": ("t.csv", lambda path: list(read_source(find_source(path), Tally()))),
    "transfers.csv": ("transfers.csv", lambda path: list(read_csv(path))),
    "ethereum-etl": ("transactions.json", lambda path: list(read_ethereum_etl(path, skipped=Counter()))),
    "events": ("events.jsonl", lambda path: list(read_lines(path))),
    "policy": ("policy.yaml", load_policy),
}


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Reader]:
    name, read = READERS[request.param]
    return tmp_path / name, read


def test_a_pipe_a_device_a_socket_a_folder_and_nothing_are_refused(reader: tuple[Path, Reader]) -> None:
    path, read = reader
    with pytest.raises(InvalidInput, match=path.name):
        read(path)
    os.mkfifo(path)  # nobody will ever write to it
    with pytest.raises(InvalidInput, match="no file"):
        read(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(InvalidInput, match="no file"):
        read(path)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        folder = Path.cwd()
        os.chdir(path.parent)  # the path of a socket has 108 bytes at most
        try:
            listener.bind(path.name)
        finally:
            os.chdir(folder)
        with pytest.raises(InvalidInput):
            read(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(InvalidInput):
        read(path)


@pytest.mark.parametrize(
    "content",
    [b"\0" * 1_000, b"\xff\xfe\0", b"\xed\xa0\x80\n", b"[" * 100_000, b'"' * 100_000, b"<" * 100_000,
     b'a: "\\UFFFFFFFF"\n', b"tags: [" + b"{" * 9_000, b"<a>" * 100_000,
     b"<sdnList><:a>1</:a>" * 9, b'{"type":' * 50_000],
    ids=range(11),
)  # fmt: skip
def test_what_is_nothing_of_the_kind_is_refused_in_a_sentence(
    reader: tuple[Path, Reader], content: bytes
) -> None:
    path, read = reader
    path.write_bytes(content)
    is_lenient = path.suffix in {".jsonl", ".txt"}  # lines are not decoded here, or skipped and counted
    with nullcontext() if is_lenient else pytest.raises(InvalidInput) as refused:
        try:
            read(path)
        except InvalidInput:
            if not is_lenient:
                raise
    assert refused is None or "\0" not in str(refused.value)


def test_a_year_that_utc_does_not_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "chain,address,category,name,source,confidence,valid_from\n"
        f"ethereum,0x{'ab' * 20},mixer,A,s,90,0001-01-01T00:00:00+14:00\n"
    )
    with pytest.raises(InvalidInput, match=r"labels\.csv:2: valid_from"):
        _labels(LabelFormat.csv, path)


def test_gzip_that_becomes_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" * 50 * MIB))
    with pytest.raises(InvalidInput, match="only blank lines"):
        list(read_lines(path))
    path.write_bytes(gzip.compress(b"x" * (MAX_LINE_BYTES + 1)))
    with pytest.raises(InvalidInput, match="is longer than"):
        list(read_lines(path))
    path.write_bytes(gzip.compress((b"x" * 1_023 + b"\n") * 200 * 1024))
    with pytest.raises(InvalidInput, match="times its size"):
        list(read_lines(path))
    good = b"".join(b'{"line": %d}\n' % number for number in range(20_000))
    path.write_bytes(gzip.compress(good))
    assert sum(1 for _ in read_lines(path)) == 20_000


def test_a_small_parquet_of_many_values_is_refused_and_one_of_equal_texts_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"hash": pa.nulls(5_000_000, pa.string())}), path)
    with pytest.raises(InvalidInput, match="it is no export"):
        list(read_records(path))
    text = "x" * 65_536
    parquet.write_table(pa.table({"from_address": pa.array([text]).take(pa.array([0] * 3_000))}), path)
    values = [record["from_address"] for _, record in read_records(path)]
    assert values == [text] * 3_000
    assert len({id(value) for value in values}) <= 2  # one of each batch


@pytest.mark.parametrize("label_format", [LabelFormat.tagpack, LabelFormat.ofac, LabelFormat.list])
def test_a_link_to_nothing_in_a_folder_is_told(tmp_path: Path, label_format: LabelFormat) -> None:
    for name in ("pack.yaml", "sdn.xml", "list.csv"):
        (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(InvalidInput):
        list(read_labels(tmp_path, label_format, skipped=Counter()))


LARGE = {
    "ofac.xml": (b"<sdnList>", b"<unknown><deep><a>x</a></deep></unknown>", b"</sdnList>"),
    "labels.csv": (b'chain,address,category,name,source,confidence\n"', b"x" * 79 + b"\n", b""),
    "transfers.csv": (b"", b"x" * 79, b""),
    "tagpack": (b"tags: ", b"x" * 79, b""),
    "ofac.txt": (b"", b"x" * 79, b""),
}
READ_IN_A_CHILD = """
import resource, sys
from pathlib import Path
from tests.unit.files.test_hostile_files import READERS
from app.errors import InvalidInput
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    READERS[sys.argv[1]][1](Path(sys.argv[2]))
except InvalidInput as exc:
    print(str(exc)[:200])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.parametrize("kind", LARGE)
def test_a_file_of_any_size_takes_bounded_memory(tmp_path: Path, kind: str) -> None:
    begin, repeated, end = LARGE[kind]
    path = tmp_path / READERS[kind][0]
    with path.open("wb") as out:
        out.write(begin)
        for _ in range(64):
            out.write(repeated * (MIB // len(repeated)))
        out.write(end)
    child = subprocess.run(
        [sys.executable, "-c", READ_IN_A_CHILD, kind, str(path)],
        capture_output=True, text=True, check=True, cwd=PROJECT, timeout=600,
    )  # fmt: skip
    assert int(child.stdout.splitlines()[-1]) < 150 * MIB, child.stdout
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0
