"""Tags: the memo or destination tag that says whose payment it is, where many share one address.

The address, and what it holds, is one wallet; a tag names one of its users.
"""

import re
from base64 import b32decode, b32encode
from binascii import crc_hqx
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from app.errors import InvalidEvent

MAX_TAG_CHARACTERS: Final = 256
# What a tag may not hold: control characters, line ends, and marks that are not seen or turn the text around.
_UNPRINTABLE: Final = r"\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
TAG_PATTERN: Final = rf"^[^\s{_UNPRINTABLE}](?:[^{_UNPRINTABLE}]*[^\s{_UNPRINTABLE}])?$"
_tag = re.compile(TAG_PATTERN).fullmatch

_TAG_NAMES: Final = ("dt", "memo", "tag", "destination_tag", "memo_id")
"""Of a tag in a payment link; `dt` is Ripple's, `memo` Stellar's and EOS'."""
_ripple_x = re.compile(r"X[1-9A-HJ-NP-Za-km-z]{46}").fullmatch
_RIPPLE_X_BYTES: Final = 31
_RIPPLE_X_PREFIX: Final = b"\x05\x44"
_stellar_muxed = re.compile(r"M[A-Z2-7]{68}").fullmatch
_STELLAR_MUXED, _STELLAR_KEY = 12 << 3, 6 << 3


class TaggedAddress(NamedTuple):
    """An address as it was written, and the tag that was written with it, if one was."""

    address: str
    tag: str | None


def is_tag(text: str) -> bool:
    """Whether it may be a tag: 1 to 256 printable characters without blanks around them."""
    return len(text) <= MAX_TAG_CHARACTERS and _tag(text) is not None


def normalise_tag(text: str, name: str = "tag") -> str:
    """The tag as it is written.

    Raises:
        InvalidEvent: `bad_tag`, it has other than 1 to 256 printable characters, or blanks around them.
    """
    if not is_tag(text):
        message = f"{name}: {text[:60]!a} is not 1 to {MAX_TAG_CHARACTERS} printable characters."
        raise InvalidEvent("bad_tag", message)
    return text


def split_tag(text: str) -> TaggedAddress:
    """Takes the tag out of an address that has it in itself or behind it; any other text stays as it is.

    These are Ripple's X-addresses, Stellar's muxed ones (`M…`), and payment links (`r…?dt=1042`).
    """
    chain, colon, bare = text.strip().rpartition(":")
    if _ripple_x(bare) and (found := _of_x_address(bare)):
        return TaggedAddress(f"{chain}{colon}{found.address}", found.tag)
    if _stellar_muxed(bare) and (found := _of_muxed(bare)):
        return TaggedAddress(f"{chain}{colon}{found.address}", found.tag)
    address, mark, query = text.partition("?")
    if mark and not text.lower().lstrip().startswith("http"):
        asked = dict(parse_qsl(query))
        tag = next((asked[name] for name in _TAG_NAMES if asked.get(name)), None)
        if tag is not None:
            return TaggedAddress(address, tag)
    return TaggedAddress(text, None)


def _of_x_address(text: str) -> TaggedAddress | None:
    """Two bytes of the net, the account's 20, a flag, and the tag in eight bytes, the lowest first."""
    from bip_utils import Base58ChecksumError, Base58Decoder, Base58Encoder  # noqa: PLC0415 - see address_forms
    from bip_utils.base58 import Base58Alphabets  # noqa: PLC0415 - likewise

    try:
        decoded = Base58Decoder.CheckDecode(text, Base58Alphabets.RIPPLE)
    except (Base58ChecksumError, ValueError):
        return None
    if len(decoded) != _RIPPLE_X_BYTES or not decoded.startswith(_RIPPLE_X_PREFIX) or decoded[22] > 1:
        return None
    account = str(Base58Encoder.CheckEncode(b"\x00" + decoded[2:22], Base58Alphabets.RIPPLE))
    return TaggedAddress(account, str(int.from_bytes(decoded[23:], "little")) if decoded[22] else None)


def _of_muxed(text: str) -> TaggedAddress | None:
    """A version, the account's key of 32 bytes, its user's number in eight, and a checksum."""
    decoded = b32decode(text + "=" * (-len(text) % 8))
    if decoded[0] != _STELLAR_MUXED or crc_hqx(decoded[:-2], 0) != int.from_bytes(decoded[-2:], "little"):
        return None
    body = bytes([_STELLAR_KEY]) + decoded[1:33]
    account = b32encode(body + crc_hqx(body, 0).to_bytes(2, "little")).decode()
    return TaggedAddress(account, str(int.from_bytes(decoded[33:41])))
