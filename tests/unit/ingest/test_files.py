"""Readers of files: what they take, what they skip and count, and the faults they name."""

import csv
import gzip
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given

from app.domain import Transfer
from app.errors import InvalidInput
from app.input_files import MAX_LINE_BYTES, read_lines
from ingest.contract.reasons import REASONS
from ingest.contract.transfer import OPTIONAL_FIELDS, encode, parse_event
from ingest.files import read_csv, read_ethereum_etl
from ingest.files.transfer_csv import COLUMNS
from tests.support import paths
from tests.support.events import transfers

SHARED = paths.SHARED / "data"
BLOCKS = SHARED / "ethereum_blocks" / "blocks_17173049_17173050"
XSCAM = SHARED / "xscam_2022" / "transfers.csv"
needs_blocks = pytest.mark.skipif(not BLOCKS.is_dir(), reason="the real blocks are not beside the project")

ALICE, BOB, TOKEN = "0x" + "a1" * 20, "0x" + "b0" * 20, "0x" + "70" * 20
HASH = "0x" + "ab" * 32
TRANSACTION = {
    "type": "transaction", "hash": HASH, "nonce": 1, "transaction_index": 3, "from_address": ALICE,
    "to_address": BOB, "value": 5, "input": "0x", "block_timestamp": 1683029999, "block_number": 17173049,
    "receipt_status": 1,
}  # fmt: skip
TOKEN_TRANSFER = {
    "type": "token_transfer", "token_address": TOKEN, "from_address": ALICE, "to_address": BOB,
    "value": 2**255, "transaction_hash": HASH, "log_index": 41, "block_number": 17173049,
    "block_timestamp": 1683029999,
}  # fmt: skip
ROW = {
    "chain": "ethereum", "transaction_hash": HASH, "transfer_index": "0", "block_number": "15041378",
    "transaction_index": "0", "occurred_at": "2022-06-28T20:02:03Z", "sender": ALICE, "receiver": BOB,
    "asset": "ETH", "amount": "26310111081613013433", "decimals": "18", "usd_value": "31262.59",
}  # fmt: skip


def write_lines(path: Path, *records: dict[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def write_table(path: Path, *rows: dict[str, object], header: tuple[str, ...] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, header or tuple(rows[0]), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path, chain: str = "ethereum") -> tuple[list[Transfer], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_ethereum_etl(path, chain, skipped=skipped)), skipped


def test_a_native_movement_and_a_token_transfer_take_their_places(tmp_path: Path) -> None:
    write_lines(tmp_path / "transactions.jsonl", TRANSACTION)
    write_lines(tmp_path / "token_transfers.jsonl", TOKEN_TRANSFER)
    (native, token), skipped = read(tmp_path)
    assert (native.asset, native.amount, native.decimals, native.usd_value) == ("ETH", 5, 18, None)
    assert (token.asset, token.amount, token.decimals, token.usd_value) == (TOKEN, 2**255, None, None)
    assert [(t.block_number, t.transaction_index, t.transfer_index) for t in (native, token)] == [
        (17173049, 3, 0), (17173049, 3, 42)
    ]  # fmt: skip
    assert {t.occurred_at.isoformat() for t in (native, token)} == {"2023-05-02T12:19:59+00:00"}
    assert not skipped


@pytest.mark.parametrize("log_index", [-1, 32_767, 65_534])
def test_a_log_index_that_would_take_the_index_of_another_kind_is_refused(
    tmp_path: Path, log_index: int
) -> None:
    write_lines(tmp_path / "transactions.jsonl", TRANSACTION)
    path = write_lines(
        tmp_path / "token_transfers.jsonl",
        TOKEN_TRANSFER | {"log_index": log_index},
        TOKEN_TRANSFER | {"log_index": 0},
        TOKEN_TRANSFER | {"log_index": 32_766},
    )
    transfers, skipped = read(path)
    assert [t.transfer_index for t in transfers] == [1, 32_767]
    assert skipped == {"bad_place": 1}


def test_what_moves_nothing_is_skipped_and_counted(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "transactions.jsonl",
        TRANSACTION | {"receipt_status": 0},
        TRANSACTION | {"to_address": None},
        TRANSACTION | {"value": 0},
        TRANSACTION | {"receipt_status": None},  # before Byzantium: not known to have failed
        TRANSACTION | {"value": 1.5e18},  # not exact any more
        TRANSACTION | {"value": 2**256},
        TRANSACTION | {"from_address": "0x12"},
        TRANSACTION | {"block_timestamp": 0},
        TRANSACTION | {"transaction_index": 70_000},
        {"type": "log", "log_index": 0, "block_number": 1},
    )
    transfers, skipped = read(path)
    assert [t.amount for t in transfers] == [5]
    assert skipped == {
        "failed": 1, "contract_creation": 1, "zero_value": 1, "wrong_type": 1, "bad_amount": 1,
        "bad_address": 1, "bad_time": 1, "bad_place": 1,
    }  # fmt: skip
    assert skipped.keys() <= REASONS.keys() | {"failed", "contract_creation", "zero_value", "no_transaction"}


def test_a_token_transfer_finds_its_transaction_in_the_same_folder(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "token_transfers.jsonl",
        TOKEN_TRANSFER,
        TOKEN_TRANSFER | {"transaction_hash": "0x" + "00" * 32},
    )
    transfers, skipped = read(path)  # a list of token transfers alone: their logs are their order
    assert ([t.transaction_index for t in transfers], skipped) == ([0, 0], {})
    write_lines(tmp_path / "transactions.jsonl", TRANSACTION)
    transfers, skipped = read(path)
    assert [t.transaction_index for t in transfers] == [3]
    assert skipped == {"no_transaction": 1}


@pytest.mark.parametrize(
    "time",
    [
        1683029999,
        "1683029999",
        "2023-05-02T12:19:59Z",
        "2023-05-02 12:19:59 UTC",
        "2023-05-02T14:19:59+02:00",
    ],
)
def test_times_are_read_in_the_forms_exporters_write(tmp_path: Path, time: object) -> None:
    (transfer,), _ = read(write_lines(tmp_path / "t.jsonl", TRANSACTION | {"block_timestamp": time}))
    assert transfer.occurred_at.isoformat() == "2023-05-02T12:19:59+00:00"


def test_a_time_may_stand_in_the_blocks_alone(tmp_path: Path) -> None:
    bare = {name: value for name, value in TRANSACTION.items() if name != "block_timestamp"}
    write_lines(tmp_path / "transactions.jsonl", bare)
    assert read(tmp_path, "bsc") == ([], {"no_time": 1})
    write_lines(tmp_path / "blocks.jsonl", {"type": "block", "number": 17173049, "timestamp": 1683029999})
    assert read(tmp_path, "bsc")[0][0].occurred_at.isoformat() == "2023-05-02T12:19:59+00:00"


def test_csv_and_gzip_and_partitions_read_the_same(tmp_path: Path) -> None:
    write_lines(tmp_path / "lines" / "transactions.jsonl", TRANSACTION)
    write_lines(tmp_path / "lines" / "token_transfers.jsonl", TOKEN_TRANSFER)
    write_table(tmp_path / "tables" / "transactions" / "b=1" / "transactions_1_2.csv", TRANSACTION)
    # ethereum-etl's own CSV of token transfers has no time: the transactions have it.
    bare = {name: value for name, value in TOKEN_TRANSFER.items() if name not in ("type", "block_timestamp")}
    plain = write_table(tmp_path / "tables" / "token_transfers" / "b=1" / "token_transfers_1_2.csv", bare)
    plain.with_suffix(".csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert read(tmp_path / "tables") == read(tmp_path / "lines")


def test_the_native_coin_is_that_of_the_chain(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "transactions.jsonl", TRANSACTION)
    assert [(t.chain, t.asset) for t in read(path, "bsc")[0]] == [("bsc", "BNB")]
    with pytest.raises(InvalidInput, match="EVM"):
        read(path, "bitcoin")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{\n", "line 1"),
        (b"\n[1]\n", "line 2"),
        (b"\xff\n", "line 1"),
        (b'{"value": ' + b"9" * 5_000 + b"}\n", "line 1"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "transactions.jsonl").write_bytes(content)
    with pytest.raises(InvalidInput, match=says):
        read(tmp_path)


def test_odd_values_are_counted_and_never_escape(tmp_path: Path) -> None:
    odd: list[object] = [None, [], {}, True, -1, "", "x", 1e300, 10**400]
    names = [name for name in TRANSACTION if name not in ("hash", "nonce", "from_address")]
    records = [TRANSACTION | {name: value} for name in names for value in odd]
    records += [TOKEN_TRANSFER | {name: value} for name in TOKEN_TRANSFER for value in odd]
    transfers, skipped = read(write_lines(tmp_path / "all.jsonl", *records))
    assert skipped
    assert all(encode(transfer) for transfer in transfers)


def test_a_missing_file_or_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no transactions"):
        read(tmp_path)
    with pytest.raises(InvalidInput, match="no file"):
        read(tmp_path / "nothing.jsonl")


def test_the_products_own_csv_is_read(tmp_path: Path) -> None:
    nulls = ROW | {"decimals": "", "usd_value": "", "transfer_index": "7"}
    first, second = read_csv(write_table(tmp_path / "t.csv", ROW, nulls, header=tuple(reversed(COLUMNS))))
    assert (first.amount, first.decimals, str(first.usd_value)) == (26310111081613013433, 18, "31262.59")
    assert (second.transfer_index, second.decimals, second.usd_value) == (7, None, None)


FACTS: dict[str, object] = {
    "block_hash": HASH, "observed_at": "2022-06-28T20:02:04.5Z", "initiator": ALICE, "kind": "native",
    "sender_tag": "1042", "receiver_tag": 'one, "two" \\ three',
}  # fmt: skip


@pytest.mark.parametrize("names", [(), ("kind",), ("receiver_tag", "sender_tag"), OPTIONAL_FIELDS], ids=len)
def test_a_csv_may_have_the_optional_columns(tmp_path: Path, names: tuple[str, ...]) -> None:
    rows = [ROW | FACTS, ROW | dict.fromkeys(FACTS, "")]
    full, bare = read_csv(write_table(tmp_path / "t.csv", *rows, header=(*names, *COLUMNS)))
    assert bare == parse_event(typed(ROW))
    assert full == parse_event(typed(ROW) | {name: FACTS[name] for name in names})


def typed(row: dict[str, str]) -> dict[str, object]:
    """A row as the fields of an event."""
    integers = ("transfer_index", "block_number", "transaction_index", "decimals")
    return {"schema_version": 1, **row, **{name: int(row[name]) for name in integers}}


@given(transfers)
def test_a_transfer_written_as_csv_is_read_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, transfer: Transfer
) -> None:
    row = {name: value for name, value in asdict(transfer).items() if value is not None}
    row |= {name: row[name].isoformat() for name in ("occurred_at", "observed_at") if name in row}
    row |= {"usd_value": format(row["usd_value"], "f")} if "usd_value" in row else {}
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    assert list(read_csv(write_table(path, row, header=(*COLUMNS, *OPTIONAL_FIELDS)))) == [transfer]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("block_hash", "0x"), ("observed_at", "today"), ("initiator", "0x12"), ("kind", "erc20"),
        ("sender_tag", "a\tb"), ("receiver_tag", "x" * 257),
        ("sender", "0x12"), ("amount", "1.5"), ("amount", ""), ("block_number", ""), ("block_number", "1e3"),
        ("block_number", "-1"), ("decimals", "x"), ("usd_value", "1,5"), ("occurred_at", "yesterday"),
        ("chain", "narnia"), ("asset", ""), ("transaction_hash", "0x"),
    ],
)  # fmt: skip
def test_a_fault_of_the_csv_names_line_and_column(tmp_path: Path, column: str, value: str) -> None:
    header = COLUMNS if column in COLUMNS else (column, *COLUMNS)
    path = write_table(tmp_path / "t.csv", ROW, ROW | {column: value}, header=header)
    with pytest.raises(InvalidInput, match=f"line 3, column {column}: "):
        list(read_csv(path))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the header must have"), (b"a,b\n1,2\n", "line 1: the header"),
        (",".join((*COLUMNS, "chain")).encode() + b"\n", "line 1: the header"),
        (",".join((*COLUMNS, "kind", "kind")).encode() + b"\n", "line 1: the header"),
        (",".join((*COLUMNS, "colour")).encode() + b"\n", "line 1: the header"),
        (",".join((*COLUMNS[1:], "kind")).encode() + b"\n", "line 1: the header"),
        (",".join(COLUMNS).encode() + b"\n1,2\n", "line 2: has 2 cells for 12"),
        (",".join(COLUMNS).encode() + b'\n"1\n', "line 2: is not CSV"),
        (",".join(COLUMNS).encode() + b"\n\xff\n", "line 2: is not CSV"),
    ],
)  # fmt: skip
def test_a_csv_of_another_shape_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InvalidInput, match=says):
        list(read_csv(tmp_path / "t.csv"))


def test_progress_ends_with_every_byte_read(tmp_path: Path) -> None:
    write_lines(tmp_path / "transactions.jsonl", *[TRANSACTION] * 2_500)
    write_lines(tmp_path / "token_transfers.jsonl", *[TOKEN_TRANSFER] * 1_500)
    seen: list[tuple[int, int]] = []
    list(read_ethereum_etl(tmp_path, skipped=Counter(), progress=lambda *call: seen.append(call)))
    total = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert len(seen) >= 5
    assert seen == sorted(seen)
    assert {of for _, of in seen} == {total}
    assert seen[-1] == (total, total)


def test_a_damaged_gzip_an_endless_line_and_a_missing_file_are_told(tmp_path: Path) -> None:
    whole = gzip.compress(b"x\n" * 10_000)
    for name, content in (
        ("cut", whole[:-20]),
        ("none", b"plain"),
        ("bad", whole[:15] + b"\xff" * 9 + whole[24:]),
    ):
        (tmp_path / f"{name}.gz").write_bytes(content)
        with pytest.raises(InvalidInput, match="damaged gzip"):
            list(read_lines(tmp_path / f"{name}.gz"))
    (tmp_path / "endless").write_bytes(b"x" * (MAX_LINE_BYTES + 1))
    with pytest.raises(InvalidInput, match="line 1: is longer"):
        list(read_lines(tmp_path / "endless"))
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(read_lines(tmp_path / "absent"))


@needs_blocks
def test_real_blocks_give_every_movement_of_value() -> None:
    transfers, skipped = read(BLOCKS)
    kinds = Counter(t.asset == "ETH" for t in transfers)
    # 298 transactions, 135 with value, 8 of them failed; 291 token transfers, 9 of them of contracts
    # whose logs have the number of an NFT as their fourth topic.
    assert kinds == {True: 127, False: 282}
    of_tokens = {"nft": 9, "erc1155": 1}
    assert skipped == {"failed": 9, "contract_creation": 1, "zero_value": 161, **of_tokens}
    assert sum(skipped.values()) - sum(of_tokens.values()) + kinds[True] == 298
    assert len({(t.transaction_hash, t.transfer_index) for t in transfers}) == 409
    assert max(t.amount for t in transfers) == 7786596450288373164569331648084  # beyond 64 bits, exact


@needs_blocks
def test_a_real_csv_export_without_receipts_keeps_what_has_value() -> None:
    transfers, skipped = read(BLOCKS.parent / "blocks_with_withdrawals_transactions.csv")
    assert len(transfers) == 135
    assert skipped == {"contract_creation": 1, "zero_value": 162}


@pytest.mark.skipif(not XSCAM.is_file(), reason="the traced scam is not beside the project")
def test_the_real_traced_scam_is_read() -> None:
    assert len(list(read_csv(XSCAM))) == 1_307
