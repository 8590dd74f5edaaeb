# ruff: noqa: E501 - tables of faults, some with digits that only look like digits
"""The wire contract: valid events round-trip, and every fault has its own code and nothing else escapes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chains.addresses import EVM_CHAINS
from app.domain import MAX_AMOUNT, MAX_BLOCK_NUMBER, MAX_INDEX, Retraction, Transfer
from app.errors import InvalidEvent
from ingest.contract.transfer import MAX_BYTES, REASONS, decode, encode

HASH = "0x" + "ab" * 32
SENDER = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
SENDER_CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
RECEIVER = "0x" + "12" * 20
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
RETRACTION = {
    "schema_version": 1,
    "type": "retraction",
    "chain": "ethereum",
    "transaction_hash": HASH,
    "asset": "ETH",
    "transfer_index": None,
    "observed_at": "2023-05-02T12:05:00Z",
}


def wire(**changes: object) -> bytes:
    return json.dumps(VALID | changes).encode()


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


def test_the_canonical_bytes_are_compact_and_in_the_order_of_the_contract() -> None:
    assert encode(decode(wire())) == json.dumps(VALID, separators=(",", ":")).encode()
    compact = json.dumps(RETRACTION, separators=(",", ":")).encode()
    assert encode(decode(compact, b"ethereum:ETH")) == compact


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
    ],
)  # fmt: skip
def test_what_is_valid_is_stored_in_one_form(changes: dict[str, object], field: str, stored: object) -> None:
    assert getattr(decode(wire(**changes)), field) == stored


FAULTS = {
    "empty": [None, b""],
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
                      json.dumps(RETRACTION | {"amount": "1"}).encode()],
    "duplicate_field": [
        wire()[:-1] + b',"amount":"1642894143000000000"}', b'{"usd_value":null,' + wire(usd_value=None)[1:],
        b'{"amount":{"a":["b"]},' + wire()[1:], b'{"amount":"\\"\\u0022",' + wire()[1:],
        b'{"\\u0061mount":"1",' + wire()[1:], b'{"decimals":1,' + wire()[1:],
        b'{"asset":"BTC",' + json.dumps(RETRACTION).encode()[1:],
    ],
    "wrong_type": [
        wire(amount=5), wire(amount=None), wire(amount=1e18), wire(block_number="1"), wire(block_number=1.0),
        wire(block_number=True), wire(block_number=None), wire(transfer_index=False), wire(decimals="18"),
        wire(decimals=18.0), wire(usd_value=1), wire(usd_value=1.5), wire(chain=None), wire(chain=["ethereum"]),
        wire(sender=None), wire(receiver={}), wire(asset=1), wire(occurred_at=1683029999),
        wire(transaction_hash=1), raw("block_number", "9" * 300), wire(sender=[[[[]]]]),
    ],
    "unknown_chain": [wire(chain="Ethereum"), wire(chain=""), wire(chain="ethereum\x00"), wire(chain="éthereum")],
    "bad_hash": [
        wire(transaction_hash=HASH[2:]), wire(transaction_hash=HASH + "0"), wire(transaction_hash=HASH + "\n"),
        wire(transaction_hash="0X" + "ab" * 32), wire(transaction_hash=""), text(transaction_hash="0x" + "٣" * 64),
        wire(transaction_hash="\x00"),
    ],
    "bad_place": [
        wire(block_number=-1), wire(block_number=MAX_BLOCK_NUMBER + 1), wire(transaction_index=MAX_INDEX + 1),
        wire(transfer_index=-1), wire(transfer_index=MAX_INDEX + 1), wire(block_number=2**63),
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
    ],
    "bad_address": [
        wire(sender=value)
        for value in ("", SENDER[2:], SENDER + "0", SENDER[:-1], "0X" + SENDER[2:], SENDER + "\n", SENDER + "\x00",
                      "0x" + "g" * 40, BITCOIN, "0x" + "١" * 40, "x" * 5_000)
    ],
    "bad_checksum": [
        wire(sender=SENDER_CHECKSUMMED.replace("5aA", "5AA")), wire(receiver=SENDER.replace("a", "A", 1)),
        wire(asset=SENDER.replace("a", "A", 1)),
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
    # `conflict` needs the record: tests/integration/ingest/test_writer.py meets it.
    assert FAULTS.keys() | {"wrong_key", "conflict"} == REASONS.keys()


def test_the_message_begins_with_the_field_at_fault() -> None:
    with pytest.raises(InvalidEvent, match=r"^receiver: "):
        decode(wire(receiver="nobody"))


addresses = st.binary(min_size=20, max_size=20).map(lambda b: f"0x{b.hex()}")
hashes = st.binary(min_size=32, max_size=32).map(lambda b: f"0x{b.hex()}")
moments = st.datetimes(
    datetime.fromisoformat("2009-01-02"), datetime.fromisoformat("2100-12-30"), timezones=st.just(UTC)
)
usd_values = st.builds(
    lambda whole, places, digits: Decimal((0, tuple(map(int, str(whole % 10**digits))), -places)),
    st.integers(0, 10**40), st.integers(0, 18), st.integers(1, 30),
)  # fmt: skip
assets = st.one_of(addresses, st.from_regex(r"[A-Za-z1-9._-][A-Za-z0-9._-]{0,127}", fullmatch=True))
chains = st.sampled_from(sorted(EVM_CHAINS))
indexes = st.integers(0, MAX_INDEX)
transfers = st.builds(
    Transfer, chains, hashes, indexes, st.integers(0, MAX_BLOCK_NUMBER), indexes, moments, addresses, addresses,
    assets, st.integers(0, MAX_AMOUNT), st.none() | st.integers(0, 255), st.none() | usd_values,
)  # fmt: skip
retractions = st.builds(Retraction, chains, hashes, assets, st.none() | indexes, moments)


@given(transfers | retractions)
def test_what_is_encoded_is_decoded_to_the_same(event: Transfer | Retraction) -> None:
    payload = encode(event)
    assert decode(payload, event.message_key.encode()) == event
    assert encode(decode(payload)) == payload
    assert len(payload) < MAX_BYTES


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


@given(
    st.dictionaries(st.sampled_from([*VALID, "type", "observed_at"]), json_values, max_size=4), st.binary()
)
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
