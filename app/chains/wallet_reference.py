"""What a person pastes as an address, as the wallets it may mean."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from app.chains.addresses import EVM_CHAINS, KNOWN_CHAINS, normalise_address
from app.chains.spellings import chain_named, is_tron_hex, spelling_of, why_no_address, without_invisible
from app.errors import InvalidEvent, InvalidInput, UnknownAddress

MAX_REFERENCE_LENGTH = 200
_OTHER_CHAINS = sorted(KNOWN_CHAINS - EVM_CHAINS - {"eos"})
"""Without their name: any short word is the name of an account of EOS."""
_printable = re.compile(rf"[\x21-\x7e]{{1,{MAX_REFERENCE_LENGTH}}}").fullmatch
_chain_name = re.compile(r"(?!bitcoincash$)[A-Za-z][A-Za-z0-9_-]*").fullmatch
_long_hex = re.compile(r"(?:0x)?[0-9a-f]{64}").fullmatch
_evm_in_any_case = re.compile(r"0[xX][0-9a-fA-F]{40}").fullmatch


class Candidate(NamedTuple):
    """A wallet that a text may mean; `chain` None is every chain, `address` is in its stored form."""

    chain: str | None
    address: str


def normalise(text: str) -> list[Candidate]:
    """The wallets that an address may mean, as a person, a wallet or an explorer writes it.

    Besides an address and `chain:address` these are tickers and short names of chains (`eth:…`), CAIP-10
    (`eip155:1:0x…`), payment links, an explorer's URL, and Tron's hex. Blanks around it and zero-width
    characters do not count.

    The chain of all candidates is the one that the text names, or None. An address without its chain may have
    several stored forms: a legacy address of Bitcoin Cash is one of Bitcoin too. EVM addresses are taken in
    one case, or in mixed case with a right checksum (EIP-55).

    Raises:
        InvalidInput: empty, longer than 200 characters, or with blanks or control characters inside.
        UnknownAddress: no address of a known chain, or of the chain it names; or with a letter that only
            looks like one.
    """
    reference = without_invisible(text)
    # An address may hold a colon of its own (`bitcoincash:q…`), so only the name of a chain ends at one.
    chain, address = spelling_of(reference) if len(reference) <= MAX_REFERENCE_LENGTH else (None, reference)
    if not _printable(reference if chain is None else address or "-"):
        raise InvalidInput(
            f"A wallet is an address or chain:address, of up to {MAX_REFERENCE_LENGTH} printable characters"
            " without spaces.",
            name="wallet",
        )
    if chain is not None:
        return [Candidate(chain, _stored_form(chain, address))]
    return [Candidate(None, form) for form in _stored_forms(address)]


def wallet_on(chain: str, text: str, origin: str) -> tuple[str, str]:
    """The stored chain and address of a request's fields `chain` and `address`, in any spelling.

    `origin` says where in the request they are; errors name the field that is at fault.

    Raises:
        InvalidInput, UnknownAddress: as `normalise_on`.
    """
    try:
        (known,) = normalise_on(chain, text)
    except UnknownAddress as exc:
        field = "chain" if chain_named(chain) is None else "address"
        raise UnknownAddress(exc.reason, f"{origin}: {exc}", name=f"{origin}.{field}") from exc
    except InvalidInput as exc:
        raise UnknownAddress("bad_address", f"{origin}: {exc}", name=f"{origin}.address") from exc
    return known.chain or chain, known.address


def normalise_on(chain: str, text: str) -> list[Candidate]:
    """As `normalise`, for a text whose chain stands beside it; the text may name the same chain again.

    Raises:
        InvalidInput, UnknownAddress: as `normalise`, or the text names another chain.
    """
    named = chain_named(chain)
    if named is None:
        raise UnknownAddress("unknown_chain", f"The chain {chain[:40]!a} is not known.")
    reference = without_invisible(text)
    spelled = spelling_of(reference) if len(reference) <= MAX_REFERENCE_LENGTH else None
    if spelled is not None and spelled.chain is not None:
        if spelled.chain != named:
            raise UnknownAddress("other_chain", f"The address is one of {spelled.chain}, not of {named}.")
        return normalise(text)
    return normalise(f"{named}:{spelled.address if spelled else reference}")


def refuse_hash(candidates: Sequence[Candidate]) -> None:
    """Refuses what nothing is recorded of and may be the hash of a transaction: chains alone tell them apart.

    Raises:
        UnknownAddress: `bad_address`, the text names no chain and has 64 hex digits.
    """
    chain, address = candidates[0]
    if chain is None and _long_hex(address):
        raise UnknownAddress(
            "bad_address",
            f"{address} is as long as the hash of a transaction: GET /v1/transactions/{{hash}} shows one."
            f" If it is an address, name its chain: aptos:{address[:8]}…, sui:{address[:8]}….",
        )


def _stored_form(chain: str, address: str) -> str:
    try:
        if chain == "tron" and is_tron_hex(address):
            from app.chains.address_forms import tron_address  # noqa: PLC0415 - loads a large library

            return normalise_address(chain, tron_address(address))
        if chain in EVM_CHAINS and _evm_in_any_case(address):
            return normalise_address(chain, f"0x{address[2:]}")
        return normalise_address(chain, address)
    except InvalidEvent as exc:
        why = why_no_address(address) if exc.reason == "bad_address" else None
        raise UnknownAddress(exc.reason, f"{exc} {why}" if why else str(exc)) from exc


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
    name, colon, _ = address.partition(":")
    if not forms and colon and _chain_name(name):
        close = get_close_matches(name.lower(), KNOWN_CHAINS, 1)
        known = f"Is {close[0]} meant?" if close else "GET /v1/chains lists those that are."
        message = f"The chain {name[:40]!a} of this address is not known. {known}"
        raise UnknownAddress("unknown_chain", message)
    if not forms and "bad_checksum" in reasons and why_no_address(address) is None:
        raise UnknownAddress("bad_checksum", f"The checksum of {address} is wrong.")
    if not forms:
        why = why_no_address(address)
        detail = f"{address[:100]!a} is no address of a known chain."
        raise UnknownAddress("bad_address", f"{detail} {why}" if why else detail)
    return sorted(forms)
