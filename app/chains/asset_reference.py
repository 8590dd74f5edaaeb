"""An asset as a person writes it: `chain:asset`, or an asset beside its chain; as events name assets."""

import re

from app.chains.addresses import EVM_CHAINS, KNOWN_CHAINS, normalise_address
from app.errors import InvalidEvent

_symbol = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch
_CHAIN_IDS = {
    1: "ethereum", 10: "optimism", 25: "cronos", 56: "bsc", 61: "ethereum_classic", 100: "gnosis",
    137: "polygon", 146: "sonic", 250: "fantom", 324: "zksync", 1284: "moonbeam", 5000: "mantle",
    8453: "base", 42161: "arbitrum", 42220: "celo", 43114: "avalanche", 59144: "linea", 81457: "blast",
    534352: "scroll",
}  # fmt: skip
"""EIP-155 numbers of the chains that are known."""


def asset_of(text: str, chain: str | None) -> tuple[str, str]:
    """Chain and stored form of an asset.

    Raises:
        InvalidEvent: `unknown_chain`, `bad_asset`, or `bad_checksum`.
    """
    on_chain, colon, asset = text.strip().partition(":")
    if not colon:
        on_chain, asset = chain or "", text.strip()
    on_chain = on_chain.strip().lower()
    if on_chain not in KNOWN_CHAINS:
        raise InvalidEvent("unknown_chain", f"{text[:60]!a} names no chain that is known.")
    if on_chain in EVM_CHAINS and asset[:2] in ("0x", "0X"):
        try:
            return on_chain, normalise_address(on_chain, asset)
        except InvalidEvent as exc:
            reason = "bad_asset" if exc.reason == "bad_address" else exc.reason
            raise InvalidEvent(reason, str(exc)) from exc
    if not _symbol(asset):
        raise InvalidEvent("bad_asset", f"{asset[:60]!a} is no contract and no symbol.")
    return on_chain, asset


def chain_of_id(chain_id: object) -> str | None:
    """The chain of an EIP-155 number; None where it is not known."""
    return _CHAIN_IDS.get(chain_id) if isinstance(chain_id, int) else None
