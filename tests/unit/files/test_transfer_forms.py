"""Every form of transfer file, written by hand: what it becomes, what is left out, and which form it is."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet

from app.domain import Retraction, Transfer
from app.errors import InvalidInput
from app.input_files import read_lines
from app.settings import PROJECT
from ingest.contract.transfer import encode
from ingest.files.forms import Form
from ingest.files.sources import find_source, read_source
from ingest.files.spool import Spool
from ingest.files.tally import NOTES, REASONS, Tally
from tests.support.builders import retraction, story

ALICE, BOB, CAROL = ("0x" + digits * 20 for digits in ("a1", "b0", "c4"))
TOKEN, NFT = "0x" + "70" * 20, "0x" + "71" * 20
HASHES = ["0x" + f"{number:064x}" for number in range(10)]
TRON_TOKEN, TRON_ALICE, TRON_BOB = (
    "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TZ53RkfpZKtGJpbrb16YjycT3i8t7HNp11",
    "TLntW9Z59LYY5KEi9cmwk3PKjQga828ird",
)  # fmt: skip
HEX_ALICE, HEX_BOB = (
    "0xfd656589ce45c5b17eeaf93daf4c1d9dc3e4fa58", "0x76b5c8429b78a38643e5ff9a94b4ca10c1efd867",
)  # fmt: skip
TIME = "2018-01-30T13:41:33+00:00"
UNIX = 1517319693
TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
SINGLE_TOPIC = "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62"


def transaction(number: int, value: object = 5, **fields: object) -> dict[str, object]:
    """A row of ethereum-etl's transactions.csv, which has no status."""
    return {
        "hash": HASHES[number], "nonce": 1, "block_number": 5_000_000, "transaction_index": number,
        "from_address": ALICE, "to_address": BOB, "value": value, "block_timestamp": UNIX, **fields,
    }  # fmt: skip


def receipt(number: int, status: object, contract: str = "") -> dict[str, object]:
    return {
        "transaction_hash": HASHES[number], "transaction_index": number, "block_number": 5_000_000,
        "gas_used": 21_000, "contract_address": contract, "status": status,
    }  # fmt: skip


def token_transfer(number: int, log_index: int, token: str = TOKEN, value: object = 7) -> dict[str, object]:
    return {
        "token_address": token, "from_address": ALICE, "to_address": BOB, "value": value,
        "transaction_hash": HASHES[number], "log_index": log_index, "block_number": 5_000_000,
    }  # fmt: skip


def trace(number: int, path: str, value: int, **fields: object) -> dict[str, object]:
    return {
        "block_number": 5_000_000, "transaction_hash": HASHES[number], "transaction_index": number,
        "from_address": BOB, "to_address": CAROL, "value": value, "trace_type": "call", "call_type": "call",
        "reward_type": "", "subtraces": 0, "trace_address": path, "error": "", "status": 1, **fields,
    }  # fmt: skip


def log(number: int, log_index: int, address: str, topics: Sequence[str]) -> dict[str, object]:
    return {
        "log_index": log_index, "transaction_hash": HASHES[number], "transaction_index": number,
        "block_number": 5_000_000, "address": address, "data": "0x", "topics": ",".join(topics),
    }  # fmt: skip


def table(path: Path, *rows: Mapping[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, tuple(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def document(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


def read(path: Path, chain: str | None = None) -> tuple[list[Transfer | Retraction], Tally]:
    tally = Tally()
    events = list(read_source(find_source(path, chain), tally))
    assert tally.keys() <= REASONS.keys() | {"bad_address", "wrong_type", "bad_amount", "bad_place"}
    assert tally.notes.keys() <= NOTES.keys()
    return events, tally


def movements(events: Sequence[Transfer | Retraction]) -> list[tuple[str, str, str, str, int, int | None]]:
    return [
        (e.transaction_hash, e.sender, e.receiver, e.asset, e.amount, e.decimals)
        for e in events
        if isinstance(e, Transfer)
    ]


def test_the_status_of_an_export_is_in_its_receipts(tmp_path: Path) -> None:
    table(tmp_path / "transactions.csv", *(transaction(number) for number in range(4)))
    table(tmp_path / "receipts.csv", receipt(0, 0), receipt(1, 1), receipt(2, ""), receipt(3, "1.0"))
    events, tally = read(tmp_path)
    assert [event.transaction_hash for event in events] == HASHES[1:4]
    assert tally == {"failed": 1}
    assert tally.examples == {"failed": ["transactions.csv, line 2"]}
    assert tally.notes == {"status_unknown": 1}


def test_a_single_file_of_a_partitioned_export_finds_its_receipts(tmp_path: Path) -> None:
    part = "start_block=05000000/end_block=05000099"
    file = table(tmp_path / "transactions" / part / "transactions_1.csv", transaction(0), transaction(1))
    table(tmp_path / "receipts" / part / "receipts_1.csv", receipt(0, 0), receipt(1, 1))
    events, tally = read(file)
    assert [event.transaction_hash for event in events] == HASHES[1:2]
    assert tally == {"failed": 1}


def test_value_sent_with_a_creation_goes_to_the_contract(tmp_path: Path) -> None:
    table(
        tmp_path / "transactions.csv",
        transaction(0, to_address=""), transaction(1, 0, to_address=""), transaction(2, to_address=""),
    )  # fmt: skip
    table(tmp_path / "receipts.csv", receipt(0, 1, CAROL), receipt(1, 1, BOB), receipt(2, 1))
    events, tally = read(tmp_path)
    assert movements(events) == [(HASHES[0], ALICE, CAROL, "ETH", 5, 18)]
    assert tally == {"contract_creation": 2}


def test_internal_value_moves_where_no_call_above_it_failed(tmp_path: Path) -> None:
    table(
        tmp_path / "traces.csv",
        trace(0, "", 100, from_address=ALICE, to_address=BOB),
        trace(0, "1", 30),
        trace(0, "0", 20, trace_type="create", call_type=""),
        trace(0, "0,1", 10, trace_type="suicide", call_type=""),
        trace(0, "2", 5, call_type="delegatecall"),
        trace(0, "3", 0),
        trace(0, "4", 40, error="Reverted", status=0),
        trace(0, "4,0", 41, status=""),  # an export of its own does not say that its caller failed
        trace(1, "", 9, error="Out of gas", status=0),
        trace(1, "0", 8, status=""),
        {**trace(2, "", 5), "transaction_hash": "", "transaction_index": "", "trace_type": "reward"},
    )
    events, tally = read(tmp_path)
    found = {(e.transfer_index, e.amount, e.kind) for e in events if isinstance(e, Transfer)}
    # By their order in the tree: 0, then what it called, then 1.
    assert found == {
        (0, 100, None),
        (32_768, 20, "internal"),
        (32_769, 10, "internal"),
        (32_770, 30, "internal"),
    }
    assert tally == {"moves_nothing": 1, "zero_value": 1, "failed": 4, "reward": 1}
    assert tally.notes == {"estimated_times": 4}


def test_a_transaction_and_its_first_trace_are_one_movement(tmp_path: Path) -> None:
    table(
        tmp_path / "transactions.csv", transaction(0, 100), transaction(1, to_address=""), transaction(2, 7)
    )
    table(tmp_path / "receipts.csv", receipt(0, 1), receipt(1, 1), receipt(2, 0))
    table(
        tmp_path / "traces.csv",
        trace(0, "", 100), trace(0, "0", 30),
        trace(1, "", 5, from_address=ALICE, to_address=CAROL, trace_type="create"),
        trace(2, "", 7, status=""), trace(2, "0", 7, status=""),
    )  # fmt: skip
    events, tally = read(tmp_path)
    # The receipt does not name the contract of the second one, and its trace does.
    assert [(e.transaction_hash, e.amount) for e in events if isinstance(e, Transfer)] == [
        (HASHES[0], 100), (HASHES[0], 30), (HASHES[1], 5),
    ]  # fmt: skip
    assert tally == {"in_transactions": 1, "contract_creation": 1, "failed": 3}
    assert {event.occurred_at.isoformat() for event in events if isinstance(event, Transfer)} == {TIME}


def test_numbers_of_nfts_are_no_amounts_and_decimals_are_known_from_tokens(tmp_path: Path) -> None:
    table(tmp_path / "transactions.csv", transaction(0))
    table(tmp_path / "receipts.csv", receipt(0, 1))
    table(
        tmp_path / "token_transfers.csv",
        token_transfer(0, 1), token_transfer(0, 2, NFT, 4_711), token_transfer(0, 3, CAROL, 2),
        token_transfer(9, 4),
    )  # fmt: skip
    table(
        tmp_path / "logs.csv",
        log(0, 1, TOKEN, [TRANSFER_TOPIC, ALICE, BOB]),
        log(0, 2, NFT, [TRANSFER_TOPIC, ALICE, BOB, "0x1267"]),
        log(0, 5, BOB, [SINGLE_TOPIC, ALICE, ALICE, BOB]),
    )
    table(tmp_path / "tokens.csv", {"address": TOKEN, "symbol": "T", "name": "T", "decimals": "6"})
    events, tally = read(tmp_path)
    tokens = [movement for movement in movements(events) if movement[3] != "ETH"]
    assert tokens == [(HASHES[0], ALICE, BOB, TOKEN, 7, 6), (HASHES[0], ALICE, BOB, CAROL, 2, None)]
    assert tally == {"nft": 1, "erc1155": 1, "no_transaction": 1}
    assert tally.notes == {"standard_unknown": 1}


def test_spellings_of_bigquery_and_pandas_are_one_transfer(tmp_path: Path) -> None:
    plain = transaction(0, 10**18, receipt_status=1)
    as_pandas = {
        "": 0, **plain, "block_number": "5000000.0", "transaction_index": "0.0", "receipt_status": "1.0",
        "block_timestamp": "2018-01-30 13:41:33", "receipt_contract_address": "NaN",
    }  # fmt: skip
    as_bigquery = {name: str(value) for name, value in plain.items()}
    as_bigquery["block_timestamp"] = "2018-01-30 13:41:33 UTC"
    table(tmp_path / "plain" / "t.csv", plain)
    table(tmp_path / "pandas" / "t.csv", as_pandas)
    (tmp_path / "bigquery").mkdir()
    document(tmp_path / "bigquery" / "t.json", as_bigquery)
    (expected,), _ = read(tmp_path / "plain")
    assert read(tmp_path / "pandas") == ([expected], {})
    assert read(tmp_path / "bigquery") == ([expected], {})
    # A float of 1.1e17 has lost digits: no amount is made of it.
    table(tmp_path / "pandas" / "t.csv", {**as_pandas, "value": "1.1e+17"})
    assert read(tmp_path / "pandas") == ([], {"bad_amount": 1})


def test_native_transfers_of_cryo_are_calls_by_their_place_in_the_block(tmp_path: Path) -> None:
    calls = [(0, HASHES[0], ALICE, BOB, 7), (1, HASHES[0], BOB, CAROL, 0), (2, HASHES[0], BOB, CAROL, 5),
             (3, HASHES[1], CAROL, ALICE, 3), (4, None, "0x" + "0" * 40, ALICE, 9)]  # fmt: skip
    rows = [
        {"block_number": 5_000_000, "transaction_index": 0, "transfer_index": place, "transaction_hash": of,
         "from_address": sender, "to_address": receiver, "value_string": str(value), "chain_id": 1}
        for place, of, sender, receiver, value in calls
    ]  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "ethereum__native_transfers__1.parquet")
    tally = Tally()
    found = list(read_source(find_source(tmp_path), tally))
    assert [(t.amount, t.transfer_index, t.kind) for t in found if isinstance(t, Transfer)] == [
        (7, 0, None), (5, 32_768, "internal"), (3, 0, None),
    ]  # fmt: skip
    assert dict(tally) == {"zero_value": 1, "reward": 1}
    assert tally.notes["kind_of_call_unknown"] == 3


@pytest.mark.parametrize("kind", ["text", "binary"])
def test_parquet_of_cryo_is_read_in_hex_and_in_bytes(tmp_path: Path, kind: str) -> None:
    def of(text: str) -> object:
        return bytes.fromhex(text.removeprefix("0x")) if kind == "binary" else text

    base = {"block_number": 5_000_000, "transaction_index": 0, "transaction_hash": of(HASHES[0])}
    value = {"value_binary": (10**20).to_bytes(32)} if kind == "binary" else {"value_string": str(10**20)}
    people = {"from_address": of(ALICE), "to_address": of(BOB)}
    rows = {
        "transactions": {
            **base, **people, **value, "nonce": 1, "success": True, "timestamp": UNIX, "n_input_bytes": 0,
        },
        "erc20_transfers": {**base, **people, **value, "erc20": of(TOKEN), "log_index": 3},
        "erc721_transfers": {**base, **people, "erc721": of(NFT), "log_index": 4, "token_id": "1"},
        "traces": {
            **base, "action_from": of(BOB), "action_to": of(CAROL), "action_value": "3",
            "action_type": "call", "action_call_type": "call", "trace_address": "0", "error": None,
        },
    }  # fmt: skip
    for name, row in rows.items():
        parquet.write_table(pa.Table.from_pylist([row]), tmp_path / f"ethereum__{name}__1.parquet")
    events, tally = read(tmp_path)
    assert movements(events) == [
        (HASHES[0], ALICE, BOB, "ETH", 10**20, 18), (HASHES[0], ALICE, BOB, TOKEN, 10**20, None),
        (HASHES[0], BOB, CAROL, "ETH", 3, 18),
    ]  # fmt: skip
    assert tally == {"nft": 1}
    assert {event.occurred_at for event in events if isinstance(event, Transfer)} == {
        datetime.fromisoformat(TIME)
    }


ROW = {"UnixTimestamp": UNIX, "DateTime (UTC)": "2018-01-30 13:41:33", "From": ALICE}
NORMAL = {
    "Txhash": HASHES[0], "Blockno": 5_000_000, **ROW, "To": BOB, "ContractAddress": "", "Value_IN(ETH)": "0",
    "Value_OUT(ETH)": "1,234.5", "CurrentValue @ $2000/Eth": "1", "Historical $Price/Eth": "1,000.10",
    "Status": "", "ErrCode": "", "Method": "Transfer",
}  # fmt: skip
BOUGHT = {
    "Txhash": HASHES[1], "Blockno": 5_000_000, **ROW, "To": BOB, "TokenValue": "3,067.671",
    "USDValueDayOfTx": "$330.58", "ContractAddress": TOKEN, "TokenName": "T", "TokenSymbol": "T",
}  # fmt: skip
INTERNAL = {
    "Txhash": HASHES[2], "Blockno": 5_000_000, "UnixTimestamp": UNIX, "DateTime (UTC)": "2018-01-30 13:41:33",
    "ParentTxFrom": ALICE, "ParentTxTo": BOB, "ParentTxETH_Value": "0", "From": BOB, "TxTo": CAROL,
    "ContractAddress": "", "Value_IN(ETH)": "2.5", "Value_OUT(ETH)": "0", "Historical $Price/Eth": "N/A",
    "Status": "0", "ErrCode": "", "Type": "call",
}  # fmt: skip


def test_the_three_exports_of_etherscan_are_one_folder(tmp_path: Path) -> None:
    table(
        tmp_path / "normal.csv",
        NORMAL, {**NORMAL, "Status": "Error(0)", "ErrCode": "Out of gas"}, {**NORMAL, "Value_OUT(ETH)": "0"},
        {**NORMAL, "Txhash": HASHES[3], "To": "", "ContractAddress": CAROL, "Value_OUT(ETH)": "1"},
    )  # fmt: skip
    table(tmp_path / "internal.csv", INTERNAL, {**INTERNAL, "Status": "1", "ErrCode": "Reverted"})
    table(tmp_path / "tokens.csv", BOUGHT, BOUGHT, {**BOUGHT, "TokenValue": "0", "USDValueDayOfTx": "N/A"})
    events, tally = read(tmp_path)
    assert movements(events) == [
        (HASHES[0], ALICE, BOB, "ETH", 1_234_500_000_000_000_000_000, 18),
        (HASHES[3], ALICE, CAROL, "ETH", 10**18, 18),
        (HASHES[2], BOB, CAROL, "ETH", 2_500_000_000_000_000_000, 18),
        (HASHES[1], ALICE, BOB, TOKEN, 3_067_671 * 10**15, 18),
        (HASHES[1], ALICE, BOB, TOKEN, 3_067_671 * 10**15, 18),
    ]
    assert tally == {"failed": 2, "zero_value": 2}
    assert tally.notes == {"no_transaction_index": 5, "no_log_index": 3, "decimals_assumed": 2}
    transfers = [event for event in events if isinstance(event, Transfer)]
    assert [t.usd_value for t in transfers] == [
        Decimal("1234623.45"), Decimal("1000.1"), None, Decimal("330.58"), Decimal("330.58"),
    ]  # fmt: skip
    # One transfer written twice is two transfers, and so it is in the export of its receiver.
    assert len({(t.transaction_hash, t.transfer_index) for t in transfers}) == 5
    (tmp_path / "other").mkdir()
    reversed_rows = table(tmp_path / "other" / "tokens.csv", {**BOUGHT, "TokenValue": "1"}, BOUGHT, BOUGHT)
    again, _ = read(reversed_rows)
    assert {*again} >= {transfer for transfer in transfers if transfer.asset == TOKEN}


def test_amounts_of_more_digits_than_decimals_hold_by_default_are_exact(tmp_path: Path) -> None:
    many = "1,234,567,890,123,456.123456789012345678"
    events, _ = read(table(tmp_path / "t.csv", {**BOUGHT, "TokenValue": many}))
    assert movements(events)[0][4] == 1_234_567_890_123_456_123_456_789_012_345_678
    assert read(table(tmp_path / "t.csv", {**BOUGHT, "TokenValue": f"{many}9"}))[1] == {"too_precise": 1}
    table(tmp_path / "tokens.csv", {"address": TOKEN, "symbol": "T", "name": "T", "decimals": 3})
    table(tmp_path / "t.csv", BOUGHT)
    assert [movement[4:] for movement in movements(read(tmp_path)[0])] == [(3_067_671, 3)]


def test_the_coin_of_a_header_names_the_chain(tmp_path: Path) -> None:
    row = {name.replace("(ETH)", "(BNB)"): value for name, value in NORMAL.items()}
    path = table(tmp_path / "t.csv", row)
    (event,), _ = read(path)
    assert isinstance(event, Transfer)
    assert (event.chain, event.asset) == ("bsc", "BNB")
    with pytest.raises(InvalidInput, match="--chain bsc"):
        read(path, "polygon")


API = {
    "blockNumber": "5000000", "timeStamp": str(UNIX), "hash": HASHES[0], "nonce": "1", "from": ALICE,
    "to": BOB, "transactionIndex": "9", "value": "1000000", "contractAddress": "", "isError": "0",
}  # fmt: skip
API_TOKEN = {**API, "contractAddress": TOKEN, "tokenName": "T", "tokenSymbol": "T", "tokenDecimal": "6"}


def test_answers_of_etherscans_api_are_read(tmp_path: Path) -> None:
    internal = {name: API[name] for name in ("blockNumber", "timeStamp", "hash", "from", "to", "value")}
    rows = [
        API, {**API, "isError": "1"}, {**API, "value": "0"}, API_TOKEN, {**API_TOKEN, "logIndex": "12"},
        {**internal, "errCode": "", "isError": "0", "traceId": "0_1"}, {**API_TOKEN, "tokenID": "4711"},
        {**API_TOKEN, "tokenID": "4711", "tokenValue": "2"},
    ]  # fmt: skip
    events, tally = read(document(tmp_path / "answer.json", {"status": "1", "message": "OK", "result": rows}))
    assert [movement[3:] for movement in movements(events)] == [
        ("ETH", 1_000_000, 18), (TOKEN, 1_000_000, 6), (TOKEN, 1_000_000, 6), ("ETH", 1_000_000, 18),
    ]  # fmt: skip
    indices = [event.transfer_index for event in events if isinstance(event, Transfer)]
    assert indices[0] == 0
    assert 16_384 <= indices[1] < 32_768
    assert indices[2] == 13
    assert 49_152 <= indices[3] < 65_535
    assert tally == {"failed": 1, "zero_value": 1, "nft": 1, "erc1155": 1}
    assert tally.notes == {"no_log_index": 2, "no_transaction_index": 1}


MOMENT = 1_790_852_523_000
HISTORY = {
    "transaction_id": "73" * 32, "block_timestamp": MOMENT, "from": TRON_ALICE, "to": TRON_BOB,
    "type": "Transfer", "value": "1500000",
    "token_info": {"symbol": "USDT", "address": TRON_TOKEN, "decimals": 6, "name": "Tether USD"},
}  # fmt: skip
EVENT = {
    "transaction_id": "73" * 32, "block_number": 86_726_643, "block_timestamp": MOMENT, "event_index": 0,
    "contract_address": TRON_TOKEN, "event_name": "Transfer",
    "result": {"from": HEX_ALICE, "to": HEX_BOB, "value": "1500000"},
}  # fmt: skip


def test_trongrids_history_takes_its_block_from_the_events(tmp_path: Path) -> None:
    document(tmp_path / "history.json", {"data": [HISTORY, {**HISTORY, "type": "Approval"}]})
    events, tally = read(tmp_path)
    assert [(e.block_number, e.decimals) for e in events if isinstance(e, Transfer)] == [(MOMENT // 1_000, 6)]
    assert tally == {"other_event": 1}
    assert tally.notes == {"time_for_block": 1, "no_log_index": 1, "no_transaction_index": 1}
    document(
        tmp_path / "events.json", {"data": [EVENT, {**EVENT, "event_index": 1, "event_name": "Approval"}]}
    )
    events, tally = read(tmp_path)
    assert movements(events) == [("73" * 32, TRON_ALICE, TRON_BOB, TRON_TOKEN, 1_500_000, 6)]
    assert [(e.block_number, e.transfer_index) for e in events if isinstance(e, Transfer)] == [
        (86_726_643, 1)
    ]
    assert tally == {"in_events": 1, "other_event": 2}


def test_trongrids_transactions_move_trx(tmp_path: Path) -> None:
    def of(result: str, kind: str = "TransferContract") -> dict[str, object]:
        value = {"amount": 12, "owner_address": f"41{HEX_ALICE[2:]}", "to_address": f"41{HEX_BOB[2:]}"}
        contract = {"parameter": {"value": value}, "type": kind}
        return {
            "txID": "74" * 32, "blockNumber": 1, "block_timestamp": MOMENT, "ret": [{"contractRet": result}],
            "raw_data": {"contract": [contract]},
        }  # fmt: skip

    rows = [of("SUCCESS"), of("OUT_OF_ENERGY"), of("SUCCESS", "TriggerSmartContract")]
    events, tally = read(document(tmp_path / "t.json", {"data": rows}))
    assert movements(events) == [("74" * 32, TRON_ALICE, TRON_BOB, "TRX", 12, 6)]
    assert tally == {"failed": 1, "other_contract": 1}


def test_the_products_own_events_are_checked_line_by_line(tmp_path: Path) -> None:
    events = [*story().transfers[:3], retraction(story().transfers[0])]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(map(encode, events)))
    assert read(path)[0] == events
    path.write_bytes(b"\n".join([*map(encode, events), encode(events[0]).replace(b"ethereum", b"narnia")]))
    with pytest.raises(InvalidInput, match="line 5"):
        read(path)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_packed_files_read_as_plain_ones(tmp_path: Path, suffix: str) -> None:
    plain = table(tmp_path / "t.csv", transaction(0, receipt_status=1))
    expected = read(plain)
    packed = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix](plain.read_bytes())
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / f"t.csv{suffix}").write_bytes(packed)
    assert read(tmp_path / "packed") == expected
    if suffix:
        (tmp_path / "packed" / f"t.csv{suffix}").write_bytes(packed[:-5])
        with pytest.raises(InvalidInput, match="damaged"):
            read(tmp_path / "packed")


def test_a_zst_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    line = b"a" * 1_000 + b"\n"
    (tmp_path / "t.csv.zst").write_bytes(zstandard.compress(line * 100_000))
    with pytest.raises(InvalidInput, match="unpacks to over"):
        list(read_lines(tmp_path / "t.csv.zst"))


@pytest.mark.parametrize(
    "record",
    [
        {"hash": "aa", "block_number": 1, "inputs": [], "outputs": []},
        {"txid": "aa", "vin": [], "vout": []},
        {"hash": "aa", "merkleroot": "bb", "tx": []},
    ],
)
def test_transactions_with_inputs_and_outputs_are_refused_in_a_sentence(
    tmp_path: Path, record: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput, match="one transaction has many senders"):
        read(document(tmp_path / "t.json", record))


def test_what_is_not_recognised_is_named(tmp_path: Path) -> None:
    table(tmp_path / "labels.csv", {"chain": "ethereum", "address": ALICE})
    with pytest.raises(InvalidInput, match="no file of a known form"):
        find_source(tmp_path)
    table(tmp_path / "t.csv", transaction(0))
    source = find_source(tmp_path)
    assert [path.name for path in source.unknown] == ["labels.csv"]
    assert source.forms == {Form.etl_transactions.value: 1}


def test_a_cell_may_hold_a_line_end_and_quotes(tmp_path: Path) -> None:
    name = 'Evil "quoted"\n,token,\n=HYPERLINK("x")'
    events, _ = read(
        table(tmp_path / "t.csv", {**BOUGHT, "TokenName": name}, {**BOUGHT, "Txhash": HASHES[5]})
    )
    assert [event.transaction_hash for event in events] == [HASHES[1], HASHES[5]]
    (tmp_path / "t.csv").write_text((tmp_path / "t.csv").read_text() + '"never closed\n')
    with pytest.raises(InvalidInput, match="line 6: is not CSV"):
        read(tmp_path / "t.csv")


def test_the_document_explains_every_reason_and_note() -> None:
    document_text = (PROJECT / "docs" / "imports.md").read_text()
    assert [name for name in (*REASONS, *NOTES) if f"| `{name}` |" not in document_text] == []


def test_the_spool_gives_back_what_it_was_filled_with_and_its_totals() -> None:
    events = [*story().transfers, retraction(story().transfers[0])]
    with Spool() as spool:
        spool.fill(events)
        assert list(spool.messages()) == [(encode(event), event.message_key) for event in events]
        totals = spool.totals
    assert (totals.transfers, totals.retractions) == (len(story().transfers), 1)
    assert sum(totals.transfers_of.values()) == totals.transfers
    by_asset = sum(t.amount for t in story().transfers if t.message_key == story().transfers[0].message_key)
    assert totals.amounts[story().transfers[0].message_key] == by_asset
    assert totals.first == min(t.occurred_at for t in story().transfers)
    assert totals.first.tzinfo == UTC
