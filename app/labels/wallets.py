"""Which wallets a person means, whether or not a transfer has ever named them."""

from typing import Any

from app.chains.addresses import CHAINS, normalize_address
from app.errors import InvalidEvent, InvalidInput

OF_WALLET = """
    (CAST(:addresses AS text[]) IS NULL OR address = ANY(CAST(:addresses AS text[])))
    AND (CAST(:chain AS text) IS NULL OR chain = CAST(:chain AS text))
"""
"""SQL that holds for rows of those wallets; its parameters are what `named_wallets` answers."""


def named_wallets(reference: str | None) -> dict[str, Any]:
    """The chain and stored addresses of an address or `chain:address`; null means any.

    An address without its chain is meant on every chain that has such addresses.

    Raises:
        InvalidInput: no address of a known chain looks like this.
    """
    if reference is None:
        return {"chain": None, "addresses": None}
    chain, _, address = reference.partition(":")
    if chain in CHAINS:
        return {"chain": chain, "addresses": [normalize_address(chain, address)]}
    forms = _forms(reference)
    if not forms:
        raise InvalidInput(f"{reference[:100]!a} is no address of a known chain.")
    return {"chain": None, "addresses": forms}


def _forms(address: str) -> list[str]:
    forms = set()
    # Whether it is an EVM address is known first and at once; the library for the others is large.
    for chain in ("ethereum", *sorted(CHAINS)):
        try:
            forms.add(normalize_address(chain, address))
        except InvalidEvent:
            continue
        if chain == "ethereum":
            break
    return sorted(forms)
