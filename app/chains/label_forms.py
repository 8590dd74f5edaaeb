"""Addresses of chains that have labels and no transfers, decoded by a large library: imported late."""

import binascii
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, Final

from bip_utils import (
    AlgoAddrDecoder,
    AtomAddrDecoder,
    Base58Decoder,
    Base58XmrDecoder,
    Bech32Decoder,
    FilSecp256k1AddrDecoder,
    SubstrateSr25519AddrDecoder,
    XlmAddrDecoder,
    XlmAddrTypes,
    ZilAddrDecoder,
)
from bip_utils.utils.crypto import Kekkak256

_HASH_BYTES: Final = 20
_TEZOS_PREFIXES: Final = (b"\x06\xa1\x9f", b"\x06\xa1\xa1", b"\x06\xa1\xa4", b"\x02\x5a\x79")
"""tz1, tz2, tz3, KT1."""
_BASE58_CHARACTERS: Final = (34, 36)
"""Of addresses of Neo and Tezos."""
_NEO_VERSIONS: Final = (b"\x17", b"\x35")
_CARDANO_BYTES: Final = (29, 57)
_MONERO_BYTES: Final = {18: 65, 19: 73, 42: 65}
"""Version to length: standard, with a payment id, subaddress."""
_MONERO_CHECKSUM_BYTES: Final = 4
_TON_FLAGS: Final = (0x11, 0x51)
_TON_BYTES: Final = 36
_POLKADOT_FORMAT: Final = 0

_eos_account = re.compile(r"(?!\.)[a-z1-5.]{1,12}(?<!\.)").fullmatch
_ton_raw = re.compile(r"(-1|0):([0-9a-fA-F]{64})").fullmatch
_long_hex = re.compile(r"0x[0-9a-fA-F]{64}").fullmatch


def label_form(chain: str, address: str) -> str | None:
    """The stored form of an address; None when it is no address of the chain.

    Raises:
        CHECKSUM_ERRORS: only its checksum is wrong.
        ValueError, IndexError: it cannot be decoded.
    """
    return _FORMS[chain](address)


def _of(decoder: Any, **options: object) -> Callable[[str], str]:  # noqa: ANN401 - the library's classes
    def decode(address: str) -> str:
        decoder.DecodeAddr(address, **options)
        return address

    return decode


def _cardano(address: str) -> str | None:
    if not address.lower().startswith("addr1"):
        return address if _is_byron(Base58Decoder.Decode(address)) else None
    decoded = Bech32Decoder.Decode("addr", address)
    return address.lower() if len(decoded) in _CARDANO_BYTES else None


def _is_byron(decoded: bytes) -> bool:
    """CBOR: an array of bytes with tag 24 and their CRC-32. Not the library's decoder, which trusts them."""
    head, payload, mark, checksum = decoded[:4], decoded[5:-5], decoded[-5:-4], decoded[-4:]
    has_form = head == b"\x82\xd8\x18\x58" and decoded[4] == len(payload) and mark == b"\x1a"
    return has_form and zlib.crc32(payload) == int.from_bytes(checksum)


def _monero(address: str) -> str | None:
    decoded = Base58XmrDecoder.Decode(address)
    body, checksum = decoded[:-_MONERO_CHECKSUM_BYTES], decoded[-_MONERO_CHECKSUM_BYTES:]
    if not body or len(body) != _MONERO_BYTES.get(body[0]):
        return None
    return address if Kekkak256.QuickDigest(body)[:_MONERO_CHECKSUM_BYTES] == checksum else None


def _ton(address: str) -> str | None:
    """The bounceable form of a user's address, or of a raw one: all name one account."""
    if match := _ton_raw(address):
        body = bytes([0x11, int(match[1]) & 0xFF]) + bytes.fromhex(match[2])
    else:
        decoded = urlsafe_b64decode(address.replace("+", "-").replace("/", "_"))
        body = bytes([0x11]) + decoded[1:-2]
        if len(decoded) != _TON_BYTES or decoded[0] not in _TON_FLAGS or not _has_crc(decoded):
            return None
    return urlsafe_b64encode(body + binascii.crc_hqx(body, 0).to_bytes(2)).decode()


def _has_crc(decoded: bytes) -> bool:
    return binascii.crc_hqx(decoded[:-2], 0) == int.from_bytes(decoded[-2:])


def _eos(address: str) -> str | None:
    return address if _eos_account(address) else None


def _hex_of_32_bytes(address: str) -> str | None:
    return address.lower() if _long_hex(address) else None


def _base58(*prefixes: bytes) -> Callable[[str], str | None]:
    def decode(address: str) -> str | None:
        if len(address) not in _BASE58_CHARACTERS:  # any word has a wrong checksum
            return None
        decoded = Base58Decoder.CheckDecode(address)
        return address if decoded[:-_HASH_BYTES] in prefixes else None

    return decode


def _lower(decode: Callable[[str], str]) -> Callable[[str], str]:
    """Of an address in bech32, which may be written in capitals."""
    return lambda address: decode(address).lower()


_FORMS: Final[dict[str, Callable[[str], str | None]]] = {
    "algorand": _of(AlgoAddrDecoder),
    "aptos": _hex_of_32_bytes,
    "binance_beacon": _lower(_of(AtomAddrDecoder, hrp="bnb")),
    "cardano": _cardano,
    "cosmos": _lower(_of(AtomAddrDecoder, hrp="cosmos")),
    "eos": _eos,
    "filecoin": _of(FilSecp256k1AddrDecoder),
    "monero": _monero,
    "neo": _base58(*_NEO_VERSIONS),
    "polkadot": _of(SubstrateSr25519AddrDecoder, ss58_format=_POLKADOT_FORMAT),
    "stellar": _of(XlmAddrDecoder, addr_type=XlmAddrTypes.PUB_KEY),
    "sui": _hex_of_32_bytes,
    "tezos": _base58(*_TEZOS_PREFIXES),
    "ton": _ton,
    "zilliqa": _lower(_of(ZilAddrDecoder)),
}
