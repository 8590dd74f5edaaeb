"""Addresses of the chains that are not EVM, decoded by a large library: imported late."""

import re
from collections.abc import Callable

from bip_utils import Base58ChecksumError, Base58Decoder, Base58Encoder, Bech32ChecksumError
from bip_utils.base58 import Base58Alphabets
from bip_utils.bech32 import BchBech32Decoder, BchBech32Encoder, SegwitBech32Decoder

_VERSIONS = {
    "bitcoin": (b"\x00", b"\x05"),
    "bitcoin_cash": (b"\x00", b"\x05"),
    "bitcoin_gold": (b"\x26", b"\x17"),
    "bitcoin_sv": (b"\x00", b"\x05"),
    "dash": (b"\x4c", b"\x10"),
    "dogecoin": (b"\x1e", b"\x16"),
    "litecoin": (b"\x30", b"\x32", b"\x05"),  # 0x05: script addresses from before 2018, still in use
    "ripple": (b"\x00",),
    "tron": (b"\x41",),
    "verge": (b"\x1e", b"\x21"),
    "zcash": (b"\x1c\xb8", b"\x1c\xbd"),  # transparent ones; the shielded have no visible amounts
}
_SEGWIT_PREFIXES = {"bitcoin": "bc", "bitcoin_gold": "btg", "litecoin": "ltc"}

_CASHADDR = "bitcoincash"
# Key or script, hash of 160 or 256 bits. 0x10 marks "understands tokens": the same wallet, another spelling.
_CASHADDR_HASH_BYTES = {0x00: 20, 0x08: 20, 0x03: 32, 0x0B: 32}
_CASHADDR_TOKENS = 0x10
_SOLANA_KEY_BYTES = 32
_SOLANA_SIGNATURE_BYTES = 64
_HASH_BYTES = 20

_signature_text = re.compile(r"[0-9A-Za-z]{64,90}").fullmatch
_tron_hex = re.compile(r"(?:0[xX]|41|0[xX]41)([0-9a-fA-F]{40})").fullmatch

CHECKSUM_ERRORS = (Base58ChecksumError, Bech32ChecksumError)


def stored_form(chain: str, address: str) -> str | None:
    """The stored form of an address; None when it is no address of the chain.

    Raises:
        CHECKSUM_ERRORS: only its checksum is wrong.
        ValueError, IndexError: it cannot be decoded.
    """
    return _decoder(chain, address)(chain, address)


def is_solana_signature(text: str) -> bool:
    """Whether it is 64 bytes in base58."""
    try:
        return bool(_signature_text(text)) and len(Base58Decoder.Decode(text)) == _SOLANA_SIGNATURE_BYTES
    except ValueError:
        return False


def _decoder(chain: str, address: str) -> Callable[[str, str], str | None]:
    """The decoder of the form that an address is written in; it returns the stored form, or None."""
    if chain == "solana":
        return _solana
    if chain in _SEGWIT_PREFIXES and address.lower().startswith(f"{_SEGWIT_PREFIXES[chain]}1"):
        return _segwit
    if chain == "bitcoin_cash" and (":" in address or address[0] in "qpzrQPZR"):
        return _cashaddr
    return _base58


def _base58(chain: str, address: str) -> str | None:
    alphabet = Base58Alphabets.RIPPLE if chain == "ripple" else Base58Alphabets.BITCOIN
    decoded = Base58Decoder.CheckDecode(address, alphabet)
    version, payload = decoded[:-_HASH_BYTES], decoded[-_HASH_BYTES:]
    if version not in _VERSIONS[chain]:
        return None
    if chain == "bitcoin_cash":
        return _store_cashaddr(0x00 if version == b"\x00" else 0x08, payload)
    return address


def _segwit(chain: str, address: str) -> str | None:
    # Not the decoders of single kinds: P2WSH and later witness versions are addresses too.
    SegwitBech32Decoder.Decode(_SEGWIT_PREFIXES[chain], address)
    return address.lower()


def _cashaddr(_chain: str, address: str) -> str | None:
    text = address.lower() if address.isupper() else address
    version, payload = BchBech32Decoder.Decode(_CASHADDR, text if ":" in text else f"{_CASHADDR}:{text}")
    kind = version[0] & ~_CASHADDR_TOKENS
    return _store_cashaddr(kind, payload) if len(payload) == _CASHADDR_HASH_BYTES.get(kind) else None


def _store_cashaddr(kind: int, payload: bytes) -> str:
    return str(BchBech32Encoder.Encode(_CASHADDR, bytes([kind]), payload)).removeprefix(f"{_CASHADDR}:")


def _solana(_chain: str, address: str) -> str | None:
    # Not the library's decoder of addresses: it refuses those off the curve, which programs own.
    return address if len(Base58Decoder.Decode(address)) == _SOLANA_KEY_BYTES else None


def tron_address(text: str) -> str:
    """An address of Tron that a node or an event writes as hex, with 41 or without; other text as it is."""
    if match := _tron_hex(text):
        return str(Base58Encoder.CheckEncode(b"\x41" + bytes.fromhex(match[1])))
    return text
