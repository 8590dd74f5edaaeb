"""Labels of the wallets a person means, whether or not a transfer has ever named them."""

from typing import Any

from app.chains.wallet_reference import normalise

OF_WALLET = """
    (CAST(:addresses AS text[]) IS NULL OR address = ANY(CAST(:addresses AS text[])))
    AND (CAST(:chain AS text) IS NULL OR chain = CAST(:chain AS text))
"""
"""SQL that is true of rows of those wallets; `wallet_parameters` returns its parameters."""


def wallet_parameters(reference: str | None) -> dict[str, Any]:
    """The parameters of `OF_WALLET` for an address or `chain:address`; None means any wallet.

    An address without its chain is meant on every chain that has such addresses.

    Raises:
        InvalidInput: no address of a known chain looks like this.
    """
    if reference is None:
        return {"chain": None, "addresses": None}
    candidates = normalise(reference)
    return {"chain": candidates[0].chain, "addresses": [each.address for each in candidates]}
