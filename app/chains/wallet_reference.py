"""What a person pastes as an address, as the wallets it may mean."""

import re
from difflib import get_close_matches
from typing import NamedTuple

from app.chains.addresses import EVM_CHAINS, KNOWN_CHAINS, normalise_address
from app.errors import InvalidEvent, InvalidInput, UnknownAddress

MAX_REFERENCE_LENGTH = 200
_OTHER_CHAINS = sorted(KNOWN_CHAINS - EVM_CHAINS - {"eos"})
"""Without their name: any short word is the name of an account of EOS."""
_printable = re.compile(rf"[\x21-\x7e]{{1,{MAX_REFERENCE_LENGTH}}}").fullmatch
_chain_name = re.compile(r"(?!bitcoincash$)[A-Za-z][A-Za-z0-9_-]*").fullmatch
_evm_in_any_case = re.compile(r"0[xX][0-9a-fA-F]{40}").fullmatch


class Candidate(NamedTuple):
    """A wallet that a text may mean; `chain` None is every chain, `address` is in its stored form."""

    chain: str | None
    address: str


def normalise(text: str) -> list[Candidate]:
    """The wallets that an address or `chain:address` may mean; blanks around it do not count.

    The chain of all candidates is the one that the text names, or None. An address without its chain may
    have several stored forms: a legacy address of Bitcoin Cash is one of Bitcoin too. EVM addresses are taken
    in one case, or in mixed case with a right checksum (EIP-55).

    Raises:
        InvalidInput: empty, longer than 200 characters, or with blanks or control characters inside.
        UnknownAddress: no address of a known chain, or of the chain it names.
    """
    reference = text.strip()
    if not _printable(reference):
        raise InvalidInput(
            f"A wallet is an address or chain:address, of up to {MAX_REFERENCE_LENGTH} printable characters"
            " without spaces.",
            name="wallet",
        )
    name, colon, address = reference.partition(":")
    # An address may hold a colon of its own (`bitcoincash:q…`), so only the name of a chain ends at one.
    if colon and (chain := name.lower()) in KNOWN_CHAINS:
        return [Candidate(chain, _stored_form(chain, address))]
    return [Candidate(None, form) for form in _stored_forms(reference)]


def _stored_form(chain: str, address: str) -> str:
    try:
        if chain in EVM_CHAINS and _evm_in_any_case(address):
            return normalise_address(chain, f"0x{address[2:]}")
        return normalise_address(chain, address)
    except InvalidEvent as exc:
        raise UnknownAddress(exc.reason, str(exc)) from exc


def _stored_forms(address: str) -> list[str]:
    """Its stored form on every chain that writes addresses so, each form once."""
    # An EVM address is recognised first and at once; the library for the others is large.
    if _evm_in_any_case(address):
        return [_stored_form("ethereum", address)]
    forms, reasons = set(), set()
    for chain in _OTHER_CHAINS:
        try:
            forms.add(normalise_address(chain, address))
        except InvalidEvent as exc:
            reasons.add(exc.reason)
    if not forms and "bad_checksum" in reasons:
        raise UnknownAddress("bad_checksum", f"The checksum of {address} is wrong.")
    name, colon, _ = address.partition(":")
    if not forms and colon and _chain_name(name):
        close = get_close_matches(name.lower(), KNOWN_CHAINS, 1)
        known = f"Is {close[0]} meant?" if close else "GET /v1/chains lists those that are."
        message = f"The chain {name[:40]!a} of this address is not known. {known}"
        raise UnknownAddress("unknown_chain", message)
    if not forms:
        raise UnknownAddress("bad_address", f"{address[:100]!a} is no address of a known chain.")
    return sorted(forms)
