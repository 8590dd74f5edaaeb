"""The rule of each field of an event: a JSON value to its stored value, or InvalidEvent with its code."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, get_args

from app.chains.addresses import (
    CHAINS,
    EVM_CHAINS,
    normalise_address,
    normalise_block_hash,
    normalise_hash,
)
from app.chains.tags import normalise_tag
from app.domain import MAX_AMOUNT, MAX_BLOCK_NUMBER, MAX_INDEX, TransferKind
from app.errors import InvalidEvent

FIRST_YEAR, LAST_YEAR = 2009, 2100
MAX_DECIMALS = 255
KINDS: Final[dict[object, TransferKind]] = {kind: kind for kind in get_args(TransferKind.__value__)}

_digits = re.compile(r"[0-9]{1,78}").fullmatch
_decimal = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,18})?").fullmatch
_symbol = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch
_rfc3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
).fullmatch


def chain(value: object) -> str:
    """A known chain."""
    if type(value) is not str:
        raise _wrong_type("chain", "a string")
    if value not in CHAINS:
        raise InvalidEvent("unknown_chain", f"chain: {value[:40]!a} is not known.")
    return value


def transaction_hash(on_chain: str, value: object) -> str:
    """A transaction hash in its chain's stored form."""
    if type(value) is not str:
        raise _wrong_type("transaction_hash", "a string")
    try:
        return normalise_hash(on_chain, value)
    except InvalidEvent as exc:
        raise InvalidEvent(exc.reason, f"transaction_hash: {exc}") from exc


def address(name: str, on_chain: str, value: object) -> str:
    """An address in its chain's stored form."""
    if type(value) is not str:
        raise _wrong_type(name, "a string")
    try:
        return normalise_address(on_chain, value)
    except InvalidEvent as exc:
        raise InvalidEvent(exc.reason, f"{name}: {exc}") from exc


def block_hash(on_chain: str, value: object) -> str | None:
    """A block's hash in its chain's stored form, or None where the producer does not say."""
    if value is None:
        return None
    if type(value) is not str:
        raise _wrong_type("block_hash", "a string or null")
    try:
        return normalise_block_hash(on_chain, value)
    except InvalidEvent as exc:
        raise InvalidEvent(exc.reason, f"block_hash: {exc}") from exc


def initiator(on_chain: str, value: object) -> str | None:
    """The address that signed the transaction, or None where the producer does not say."""
    return None if value is None else address("initiator", on_chain, value)


def asset(on_chain: str, value: object) -> str:
    """A token's address on an EVM chain, in stored form, or a symbol, as it is written."""
    if type(value) is not str:
        raise _wrong_type("asset", "a string")
    if on_chain in EVM_CHAINS and value[:2] in ("0x", "0X"):
        try:
            return normalise_address(on_chain, value)
        except InvalidEvent as exc:
            reason = "bad_asset" if exc.reason == "bad_address" else exc.reason
            raise InvalidEvent(reason, f"asset: {exc}") from exc
    if not _symbol(value):
        raise InvalidEvent("bad_asset", f"asset: {value[:140]!a} is no symbol of 1 to 128 of A-Za-z0-9._-")
    return value


def index(name: str, value: object) -> int:
    """An index inside a block or a transaction, 16 bits."""
    return _integer(name, value, MAX_INDEX, "bad_place")


def block_number(value: object) -> int:
    """A block number, 31 bits."""
    return _integer("block_number", value, MAX_BLOCK_NUMBER, "bad_place")


def time(name: str, value: object) -> datetime:
    """A moment in UTC; digits after the microseconds are cut off."""
    if type(value) is not str:
        raise _wrong_type(name, "a string")
    moment = _moment(value)
    if moment is None:
        years = f"{FIRST_YEAR} to {LAST_YEAR}"
        message = f"{name}: {value[:60]!a} is no RFC 3339 time with an offset in the years {years}."
        raise InvalidEvent("bad_time", message)
    return moment


def observed_at(value: object) -> datetime | None:
    """When the producer saw the transfer, or None where the producer does not say."""
    return None if value is None else time("observed_at", value)


@lru_cache(maxsize=4_096)  # the transfers of one block have one time
def _moment(value: str) -> datetime | None:
    if not _rfc3339(value):
        return None
    try:
        moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def amount(value: object) -> int:
    """Base units, 0 to 2^256 - 1."""
    if type(value) is not str:
        raise _wrong_type("amount", "a string of digits")
    if _digits(value):
        units = int(value)
        if units <= MAX_AMOUNT:
            return units
    raise InvalidEvent("bad_amount", f"amount: {value[:90]!a} is not 1 to 78 digits, at most 2^256 - 1.")


def decimals(value: object) -> int | None:
    """Decimal places of the asset, or None when unknown."""
    return None if value is None else _integer("decimals", value, MAX_DECIMALS, "bad_decimals")


def usd_value(value: object) -> Decimal | None:
    """Value at the time in USD, or None when unpriced."""
    if value is None:
        return None
    if type(value) is not str:
        raise _wrong_type("usd_value", "a decimal string or null")
    if not _decimal(value):
        raise InvalidEvent(
            "bad_usd_value",
            f"usd_value: {value[:60]!a} is no decimal of at most 30 digits before and 18 after the point.",
        )
    return Decimal(value)


def kind(value: object) -> TransferKind | None:
    """What moved the asset, or None where the producer does not say."""
    if value is None:
        return None
    if type(value) is not str:
        raise _wrong_type("kind", "a string or null")
    if (known := KINDS.get(value)) is None:
        raise InvalidEvent(
            "bad_kind", f"kind: {value[:40]!a} is none of {', '.join(get_args(TransferKind.__value__))}."
        )
    return known


def tag(name: str, value: object) -> str | None:
    """A memo or destination tag, as it is written, or None where the producer does not say."""
    if value is None:
        return None
    if type(value) is not str:
        raise _wrong_type(name, "a string or null")
    return normalise_tag(value, name)


def _integer(name: str, value: object, maximum: int, reason: str) -> int:
    if type(value) is not int:  # not isinstance: `true` is no number
        raise _wrong_type(name, "an integer of at most 64 bits")
    if not 0 <= value <= maximum:
        raise InvalidEvent(reason, f"{name}: {value} is not in 0..{maximum}.")
    return value


def _wrong_type(name: str, expected: str) -> InvalidEvent:
    return InvalidEvent("wrong_type", f"{name}: is not {expected}.")
