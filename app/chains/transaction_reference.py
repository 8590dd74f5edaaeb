"""What a person pastes as a transaction's hash, in the form that the record stores."""

import re

from app.errors import UnknownAddress

MAX_HASH_LENGTH = 100
_hex = re.compile(r"(0[xX])?[0-9a-fA-F]{64}").fullmatch


def normalise_transaction(text: str) -> str:
    """The stored form of a transaction hash of some chain; blanks around it do not count.

    Raises:
        UnknownAddress: `bad_hash`, no chain writes hashes so.
    """
    reference = text.strip()
    if _hex(reference):
        return reference.lower()
    from app.chains.address_forms import is_solana_signature  # noqa: PLC0415 - loads a large library

    if is_solana_signature(reference):
        return reference
    message = f"{reference[:100]!a} is no transaction hash of a known chain."
    raise UnknownAddress("bad_hash", message, name="transaction_hash")
