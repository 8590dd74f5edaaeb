# ruff: noqa: E501 - tables of faults, some with digits that only look like digits
"""The wire contract: valid events round-trip, and every fault has its own code and nothing else escapes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import combinations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import MAX_AMOUNT, MAX_BLOCK_NUMBER, MAX_INDEX, Retraction, Transfer
from app.errors import InvalidEvent
from ingest.contract.reasons import MAX_BYTES, REASONS
from ingest.contract.transfer import (
    OPTIONAL_FIELDS,
    OPTIONAL_RETRACTION_FIELDS,
    TRANSFER_FIELDS,
    decode,
    encode,
)
from tests.support.events import moments, retractions, transfers

HASH = "0x" + "ab" * 32
SENDER = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
SENDER_CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
RECEIVER = "0x" + "12" * 20
SIGNATURE = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
SOLANA_BLOCK = "4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHirAn"
BITCOIN = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"

VALID = {
    "schema_version": 1,
    "chain": "ethereum",
    "transaction_hash": HASH,
    "transfer_index": 0,
    "block_number": 17173049,
    "transaction_index": 12,
    "occurred_at": "2023-05-02T12:00:11Z",
    "sender": SENDER,
    "receiver": RECEIVER,
    "asset": "ETH",
    "amount": "1642894143000000000",
    "decimals": 18,
    "usd_value": "3057.12",
}
OPTIONAL = {
    "block_hash": "0x" + "cd" * 32,
    "observed_at": "2023-05-02T12:00:12.250000Z",
    "initiator": RECEIVER,
    "kind": "internal",
    "sender_tag": "1042",
    "receiver_tag": 'invoice "7" \\ 2023',
}
RETRACTION = {
    "schema_version": 1,
    "type": "retraction",
    "chain": "ethereum",
    "transaction_hash": HASH,
    "asset": "ETH",
    "transfer_index": None,
    "observed_at": "2023-05-02T12:05:00Z",
}


RETRACTED_BLOCK = {"block_number": 17173049, "block_hash": "0x" + "cd" * 32}


def wire(**changes: object) -> bytes:
    return json.dumps(VALID | changes).encode()


def retraction(**changes: object) -> bytes:
    return json.dumps(RETRACTION | changes).encode()


def text(**changes: object) -> bytes:
    """The same with characters as they are, not escaped."""
    return json.dumps(VALID | changes, ensure_ascii=False).encode("utf-8", "surrogatepass")


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in VALID.items() if name != field}).encode()


def raw(field: str, literal: str) -> bytes:
    return json.dumps(VALID | {field: "@"}).replace('"@"', literal).encode()


def reason(payload: bytes | None, key: bytes | None = None) -> str:
    with pytest.raises(InvalidEvent) as caught:
        decode(payload, key)
    assert caught.value.reason in REASONS
    assert "\x00" not in str(caught.value)
    str(caught.value).encode()  # can be stored: no lone surrogates
    return caught.value.reason


def test_a_transfer_is_read_as_it_is_written() -> None:
    assert decode(wire(), b"ethereum:ETH") == Transfer(
        "ethereum", HASH, 0, 17173049, 12, datetime(2023, 5, 2, 12, 0, 11, tzinfo=UTC),
        SENDER, RECEIVER, "ETH", 1642894143000000000, 18, Decimal("3057.12"),
    )  # fmt: skip


def test_optional_fields_are_read_as_they_are_written() -> None:
    event = decode(wire(**OPTIONAL))
    assert isinstance(event, Transfer)
    assert event == replace(
        plain(),
        block_hash="0x" + "cd" * 32,
        observed_at=datetime(2023, 5, 2, 12, 0, 12, 250_000, tzinfo=UTC),
        initiator=RECEIVER,
        kind="internal",
        sender_tag="1042",
        receiver_tag='invoice "7" \\ 2023',
    )
    taken_back = decode(retraction(**RETRACTED_BLOCK))
    assert isinstance(taken_back, Retraction)
    assert (taken_back.block_number, taken_back.block_hash) == (17173049, "0x" + "cd" * 32)


def test_an_optional_field_that_is_null_is_as_one_that_is_absent() -> None:
    assert decode(wire(**dict.fromkeys(OPTIONAL_FIELDS))) == plain()
    assert encode(decode(wire(**dict.fromkeys(OPTIONAL_FIELDS)))) == encode(plain())
    nulls = dict.fromkeys(OPTIONAL_RETRACTION_FIELDS)
    assert decode(retraction(**nulls)) == decode(retraction())


def plain() -> Transfer:
    event = decode(wire())
    assert isinstance(event, Transfer)
    return event


@pytest.mark.parametrize(
    "event", [VALID, VALID | OPTIONAL, RETRACTION, RETRACTION | RETRACTED_BLOCK], ids=len
)
def test_the_canonical_bytes_are_compact_and_in_the_order_of_the_contract(event: dict[str, object]) -> None:
    compact = json.dumps(event, separators=(",", ":")).encode()
    assert encode(decode(compact, b"ethereum:ETH")) == compact


def test_the_fields_of_the_contract_are_those_of_the_tests() -> None:
    assert tuple(VALID) == TRANSFER_FIELDS
    assert tuple(OPTIONAL) == OPTIONAL_FIELDS
    assert tuple(RETRACTED_BLOCK) == OPTIONAL_RETRACTION_FIELDS


def test_a_retraction_may_name_one_transfer_or_all_of_its_asset() -> None:
    observed = datetime(2023, 5, 2, 12, 5, tzinfo=UTC)
    assert decode(json.dumps(RETRACTION).encode()) == Retraction("ethereum", HASH, "ETH", None, observed)
    one = decode(json.dumps(RETRACTION | {"transfer_index": 7}).encode())
    assert one == Retraction("ethereum", HASH, "ETH", 7, observed)


@pytest.mark.parametrize(
    ("changes", "field", "stored"),
    [
        ({"sender": SENDER_CHECKSUMMED}, "sender", SENDER),
        ({"sender": "0x" + SENDER[2:].upper()}, "sender", SENDER),
        ({"transaction_hash": "0x" + "AB" * 32}, "transaction_hash", HASH),
        ({"asset": SENDER_CHECKSUMMED}, "asset", SENDER),
        ({"occurred_at": "2023-05-02t14:00:11.25+02:00"}, "occurred_at",
         datetime(2023, 5, 2, 12, 0, 11, 250_000, tzinfo=UTC)),
        ({"occurred_at": "2009-01-01T00:00:00Z"}, "occurred_at", datetime(2009, 1, 1, tzinfo=UTC)),
        ({"amount": "0"}, "amount", 0),
        ({"amount": str(MAX_AMOUNT)}, "amount", MAX_AMOUNT),
        ({"usd_value": None}, "usd_value", None),
        ({"usd_value": "9" * 30 + "." + "9" * 18}, "usd_value", Decimal("9" * 30 + "." + "9" * 18)),
        ({"decimals": None}, "decimals", None),
        ({"decimals": 255}, "decimals", 255),
        ({"block_number": MAX_BLOCK_NUMBER}, "block_number", MAX_BLOCK_NUMBER),
        ({"transfer_index": MAX_INDEX}, "transfer_index", MAX_INDEX),
        ({"receiver": SENDER}, "receiver", SENDER),
        ({"block_hash": "0x" + "AB" * 32}, "block_hash", HASH),
        ({"initiator": SENDER_CHECKSUMMED}, "initiator", SENDER),
        ({"observed_at": "2023-05-02t14:00:11.25+02:00"}, "observed_at",
         datetime(2023, 5, 2, 12, 0, 11, 250_000, tzinfo=UTC)),
        *(({"kind": kind}, "kind", kind) for kind in ("native", "internal", "token", "fee", "reward")),
        ({"sender_tag": "0"}, "sender_tag", "0"),
        ({"receiver_tag": "Überweisung 7: 💸\u200d"}, "receiver_tag", "Überweisung 7: 💸\u200d"),
        ({"receiver_tag": "x" * 256}, "receiver_tag", "x" * 256),
        ({"receiver_tag": '"'}, "receiver_tag", '"'),
        ({"receiver_tag": '\\"\\\\"'}, "receiver_tag", '\\"\\\\"'),
    ],
)  # fmt: skip
def test_what_is_valid_is_stored_in_one_form(changes: dict[str, object], field: str, stored: object) -> None:
    assert getattr(decode(wire(**changes)), field) == stored


@pytest.mark.parametrize(
    ("chain", "transaction_hash", "written", "stored"),
    [
        ("bitcoin", "ab" * 32, "AB" * 32, "ab" * 32),
        ("ripple", "AB" * 32, "CD" * 32, "cd" * 32),
        ("solana", SIGNATURE, SOLANA_BLOCK, SOLANA_BLOCK),  # a signature has 64 bytes, a block's hash 32
    ],
)
def test_a_block_hash_is_stored_in_the_form_of_its_chain(
    chain: str, transaction_hash: str, written: str, stored: str
) -> None:
    fields = {"chain": chain, "transaction_hash": transaction_hash, "block_hash": written}
    event = decode(retraction(**fields))
    assert event.block_hash == stored
    assert reason(retraction(**fields | {"block_hash": "0x" + "ab" * 32})) == "bad_hash"
    assert reason(retraction(**fields | {"block_hash": ""})) == "bad_hash"


def test_a_block_hash_of_solana_is_no_signature() -> None:
    fields = {"chain": "solana", "transaction_hash": SIGNATURE}
    assert reason(retraction(**fields, block_hash=SIGNATURE)) == "bad_hash"


FAULTS = {
    "foreign_tombstone": [None],
    "foreign_avro": [b"\0\0\0\0\x01\x10abcdefgh", b"Obj\x01\x04\x14avro.codec"],
    "foreign_debezium": [
        b'{"before":null,"after":{"id":1},"source":{},"op":"c","ts_ms":1}',
        b'{"schema":{"type":"struct"},"payload":{"id":1}}',
    ],
    "foreign_ethereum_etl": [
        b'{"type":"token_transfer","token_address":"0x","value":"1","item_id":"token_transfer_0x_1"}',
        b'{"type":"block","number":1,"hash":"0x"}',
    ],
    "foreign_json": [b'{"id":7,"event":"created"}', b'{"type":"order"}'],
    "foreign_text": [b"hello", b"<xml/>", "größer\n".encode()],
    "empty": [b""],
    "too_large": [wire() + b" " * MAX_BYTES],
    "not_json": [
        b"{", b"\xff\xfe", b"\x00", wire()[:-1], wire() + b"x", raw("decimals", "NaN"),
        raw("decimals", "-Infinity"), raw("sender", '"\\ud800"'), text(sender="\ud800"),
        b"[" * 16_000, b'{"a":' * 3_000, b"\xef\xbb\xbf" + wire(), wire().replace(b'"ETH"', b"'ETH'"),
        raw("decimals", "-" + "9" * 4_400), raw("block_number", "1e400"),
    ],
    "not_object": [b"1", b"null", b'"text"', b"[]", b"[" * 500 + b"]" * 500],
    "wrong_version": [wire(schema_version=2), wire(schema_version="1"), wire(schema_version=True),
                      wire(schema_version=1.0), wire(schema_version=None)],
    "unknown_type": [wire(type="transfer"), wire(type=None), wire(type=[]), wire(type="retraction ")],
    "missing_field": [*map(without, VALID), b"{}", b'{"schema_version":1,"type":"retraction"}'],
    "unknown_field": [wire(memo="x"), wire(**{"\x00": 1}), wire(type="retraction"),
                      retraction(amount="1"), *(retraction(**{name: OPTIONAL[name]}) for name in
                                                ("initiator", "kind", "sender_tag", "receiver_tag"))],
    "duplicate_field": [
        wire()[:-1] + b',"amount":"1642894143000000000"}', b'{"usd_value":null,' + wire(usd_value=None)[1:],
        b'{"amount":{"a":["b"]},' + wire()[1:], b'{"amount":"\\"\\u0022",' + wire()[1:],
        b'{"\\u0061mount":"1",' + wire()[1:], b'{"decimals":1,' + wire()[1:],
        b'{"asset":"BTC",' + retraction()[1:],
        b'{"block_hash":null,' + wire(**OPTIONAL)[1:], b'{"kind":"fee",' + wire(**OPTIONAL)[1:],
        b'{"block_number":1,' + retraction(**RETRACTED_BLOCK)[1:],
        # The marks of a tag that are no ends of strings do not make up for a field that is there twice.
        wire(sender_tag='"')[:-1] + b',"decimals":18}', wire(sender_tag='""')[:-1] + b',"decimals":18}',
        wire(sender_tag='""""')[:-1] + b',"sender_tag":"\\"\\""}', wire(sender_tag="\\")[:-1] + b',"decimals":18}',
        b'{"kind":' + b"[" * 900 + b'"\\""' + b"]" * 900 + b"," + wire(kind="fee")[1:],
    ],
    "wrong_type": [
        wire(amount=5), wire(amount=None), wire(amount=1e18), wire(block_number="1"), wire(block_number=1.0),
        wire(block_number=True), wire(block_number=None), wire(transfer_index=False), wire(decimals="18"),
        wire(decimals=18.0), wire(usd_value=1), wire(usd_value=1.5), wire(chain=None), wire(chain=["ethereum"]),
        wire(sender=None), wire(receiver={}), wire(asset=1), wire(occurred_at=1683029999),
        wire(transaction_hash=1), raw("block_number", "9" * 300), wire(sender=[[[[]]]]),
        wire(block_hash=1), wire(observed_at=1683029999), wire(initiator={}), wire(kind=1), wire(kind=["fee"]),
        wire(kind=True), wire(sender_tag=7), wire(receiver_tag=["7"]), retraction(block_number="1"),
        retraction(block_number=1.0), retraction(block_number=True), retraction(block_hash=1),
    ],
    "unknown_chain": [wire(chain="Ethereum"), wire(chain=""), wire(chain="ethereum\x00"), wire(chain="éthereum")],
    "bad_hash": [
        wire(transaction_hash=HASH[2:]), wire(transaction_hash=HASH + "0"), wire(transaction_hash=HASH + "\n"),
        wire(transaction_hash="0X" + "ab" * 32), wire(transaction_hash=""), text(transaction_hash="0x" + "٣" * 64),
        wire(transaction_hash="\x00"), wire(block_hash=""), wire(block_hash=HASH[2:]), wire(block_hash=HASH + "0"),
        wire(block_hash=HASH + "\n"), retraction(block_hash=HASH[:-1]), retraction(block_hash="latest"),
    ],
    "bad_place": [
        wire(block_number=-1), wire(block_number=MAX_BLOCK_NUMBER + 1), wire(transaction_index=MAX_INDEX + 1),
        wire(transfer_index=-1), wire(transfer_index=MAX_INDEX + 1), wire(block_number=2**63),
        retraction(block_number=-1), retraction(block_number=MAX_BLOCK_NUMBER + 1),
    ],
    "bad_time": [
        wire(occurred_at=value)
        for value in (
            "", "2023-05-02", "2023-05-02T12:00:11", "2023-05-02T12:00Z", "20230502T120011Z", "2023-W18-2",
            "2023-02-30T00:00:00Z", "2023-05-02T12:00:11+24:00", "2008-12-31T23:59:59Z", "2101-01-01T00:00:00Z",
            "2009-01-01T00:00:00+01:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
            "2023-05-02T12:00:11Z\x00", "2023-05-02T12:00:11Z\n", "2023-05-02T12:00:60Z", "1683029999",
            "2023-05-02T12:00:11,5Z", "٢٠٢٣-05-02T12:00:11Z",
        )
    ] + [wire(observed_at=""), wire(observed_at="2023-05-02T12:00:11")],
    "bad_address": [
        wire(sender=value)
        for value in ("", SENDER[2:], SENDER + "0", SENDER[:-1], "0X" + SENDER[2:], SENDER + "\n", SENDER + "\x00",
                      "0x" + "g" * 40, BITCOIN, "0x" + "١" * 40, "x" * 5_000)
    ] + [wire(initiator=""), wire(initiator=BITCOIN)],
    "bad_checksum": [
        wire(sender=SENDER_CHECKSUMMED.replace("5aA", "5AA")), wire(receiver=SENDER.replace("a", "A", 1)),
        wire(asset=SENDER.replace("a", "A", 1)), wire(initiator=SENDER.replace("a", "A", 1)),
    ],
    "bad_kind": [wire(kind=value) for value in ("", "Native", "erc20", "fee ", "token\x00")],
    "bad_tag": [
        wire(**{name: value}) for name in ("sender_tag", "receiver_tag")
        for value in ("", " ", " 7", "7 ", "7\n", "a\tb", "\x00", "\x7f", "\x9f", "a\u2028b", "\u202e7", "\u200b", "\ufeff7",
                      "7\u00a0", "x" * 257, "x" * 5_000)
    ],
    "bad_asset": [
        wire(asset=value)
        for value in ("", "a" * 129, "A B", "ETH\x00", "ETH\n", "ÉTH", "0x12", "0x" + "g" * 40, "A:B", "A/B")
    ],
    "bad_amount": [
        wire(amount=value)
        for value in ("", "-1", "+1", "1.0", "1e18", " 1", "1 ", "1_000", "0x10", "٣", "²", "1\n", "\x00", "NaN",
                      str(MAX_AMOUNT + 1), "9" * 78, "9" * 79, "0" * 79, "9" * 300, "9" * 5_000)
    ],
    "bad_decimals": [wire(decimals=-1), wire(decimals=256)],
    "bad_usd_value": [
        wire(usd_value=value)
        for value in ("", "-1", "+1", ".5", "1.", "1e5", "NaN", "Infinity", "sNaN", "1,5", " 1", "1\n", "٣", "1_0",
                      "9" * 31, "1." + "9" * 19, "9" * 5_000)
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "payload"), [(code, payload) for code, payloads in FAULTS.items() for payload in payloads]
)
def test_each_fault_has_its_code(expected: str, payload: bytes | None) -> None:
    assert reason(payload) == expected


@pytest.mark.parametrize("key", [b"ethereum:BTC", b"", b"ETH", b"\xff", b"ethereum:ETH "])
def test_a_message_key_that_is_not_chain_and_asset_is_refused(key: bytes) -> None:
    assert reason(wire(), key) == "wrong_key"
    assert reason(json.dumps(RETRACTION).encode(), key) == "wrong_key"


def test_the_key_must_name_the_asset_in_stored_form() -> None:
    key = f"ethereum:{SENDER}".encode()
    assert decode(wire(asset=SENDER_CHECKSUMMED), key).message_key.encode() == key
    assert reason(wire(asset=SENDER_CHECKSUMMED), f"ethereum:{SENDER_CHECKSUMMED}".encode()) == "wrong_key"


def test_every_code_of_the_table_is_met_by_these_tests() -> None:
    # Two need the record: test_writer.py and test_refused_batches.py in tests/integration/ingest meet them.
    assert FAULTS.keys() | {"wrong_key", "conflict", "not_storable"} == REASONS.keys()


def test_the_message_begins_with_the_field_at_fault() -> None:
    with pytest.raises(InvalidEvent, match=r"^receiver: "):
        decode(wire(receiver="nobody"))


@given(transfers | retractions)
def test_what_is_encoded_is_decoded_to_the_same(event: Transfer | Retraction) -> None:
    payload = encode(event)
    assert decode(payload, event.message_key.encode()) == event
    assert encode(decode(payload)) == payload
    assert len(json.dumps(orjson.loads(payload)).encode()) < MAX_BYTES  # with every character escaped


FACTS = {
    "block_hash": HASH, "observed_at": datetime(2023, 5, 2, tzinfo=UTC), "initiator": SENDER, "kind": "fee",
    "sender_tag": "1", "receiver_tag": "2",
}  # fmt: skip


@pytest.mark.parametrize(
    "names", [names for n in range(len(FACTS) + 1) for names in combinations(FACTS, n)], ids="-".join
)
def test_every_combination_of_optional_fields_is_encoded_and_decoded(names: tuple[str, ...]) -> None:
    event = replace(plain(), **{name: FACTS[name] for name in names})  # type: ignore[arg-type]
    payload = encode(event)
    assert decode(payload) == event
    assert tuple(orjson.loads(payload)) == (*TRANSFER_FIELDS, *names)


@pytest.mark.parametrize("number", [None, 7])
@pytest.mark.parametrize("block", [None, HASH])
def test_every_combination_of_a_retracted_block_is_encoded_and_decoded(
    number: int | None, block: str | None
) -> None:
    event = Retraction(
        "ethereum", HASH, "ETH", None, datetime(2023, 5, 2, tzinfo=UTC), block_number=number, block_hash=block
    )
    assert decode(encode(event)) == event


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_a_time_with_any_offset_is_stored_as_the_same_moment_in_utc(moment: datetime, minutes: int) -> None:
    local = moment.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    event = decode(wire(occurred_at=local))
    assert isinstance(event, Transfer)
    assert event.occurred_at == moment
    assert event.occurred_at.tzinfo is UTC


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def judge(payload: bytes, key: bytes | None = None) -> Transfer | Retraction | str:
    """The event, or the reason why it is none."""
    try:
        return decode(payload, key)
    except InvalidEvent as exc:
        return exc.reason


@given(st.dictionaries(st.sampled_from([*VALID, *OPTIONAL, "type"]), json_values, max_size=4), st.binary())
def test_nothing_but_an_invalid_event_escapes_from_odd_json(changes: dict[str, object], key: bytes) -> None:
    payload = json.dumps(VALID | changes).encode()
    assert judge(payload, key) in REASONS
    verdict = judge(payload)
    assert verdict in REASONS if isinstance(verdict, str) else decode(encode(verdict)) == verdict


@given(st.binary(max_size=200), st.integers(0, 300), st.binary(max_size=4))
def test_nothing_but_an_invalid_event_escapes_from_damaged_bytes(
    garbage: bytes, place: int, patch: bytes
) -> None:
    assert judge(garbage) in REASONS
    verdict = judge(wire()[:place] + patch + wire()[place + len(patch) :])
    assert verdict in REASONS if isinstance(verdict, str) else decode(encode(verdict)) == verdict
