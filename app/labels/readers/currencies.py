"""The chain of a listed address: lists name a currency, labels belong to a chain."""

from collections import Counter

from app.chains.addresses import CHAINS, EVM_NATIVE_ASSETS, normalise_address
from app.errors import InvalidEvent
from app.labels.readers.files import one_line

BY_FORM = ("ethereum", "tron", "bitcoin", "solana")
"""Chains whose addresses cannot be confused, for lists that do not name the chain."""

_OWN_COINS = {symbol: chain for chain, symbol in EVM_NATIVE_ASSETS.items() if symbol != "ETH"}
CURRENCIES: dict[str, tuple[str, ...]] = {
    **{symbol: (chain,) for symbol, chain in _OWN_COINS.items()},
    **{chain.upper(): (chain,) for chain in CHAINS},
    "ARB": ("arbitrum",),
    "BCH": ("bitcoin_cash",),
    "BEP20": ("bsc",),
    "BSC": ("bsc",),
    "BSV": ("bitcoin_sv",),
    "BTC": ("bitcoin",),
    "BTG": ("bitcoin_gold",),
    "DASH": ("dash",),
    "DOGE": ("dogecoin",),
    "ETH": ("ethereum",),
    "LTC": ("litecoin",),
    "MATIC": ("polygon",),
    "OP": ("optimism",),
    "SOL": ("solana",),
    "TRX": ("tron",),
    "USDC": BY_FORM,
    "USDT": BY_FORM,
    "XBT": ("bitcoin",),
    "XRP": ("ripple",),
    "XVG": ("verge",),
    "ZEC": ("zcash",),
}
"""Chains of a currency, or of a chain's own name; an address is on the first whose form it has."""


def wallet_of(
    currency: str, address: str, skipped: Counter[str], *, fallback: tuple[str, ...] = ()
) -> tuple[str, str] | None:
    """The chain and stored form of an address that is listed under a currency.

    An EVM address is the same key on every EVM chain; it is recorded for the chain of its currency alone.

    Args:
        currency: as the list names it.
        address: as the list writes it.
        skipped: counts why there is no such wallet: `unknown_currency:…`, `bad_address`, `bad_checksum`.
        fallback: chains to try when the address fits none of its currency's.
    """
    chains = CURRENCIES.get(currency.upper())
    if chains is None:
        skipped[f"unknown_currency:{one_line(currency)[:20]}"] += 1
        return None
    reasons = []
    for chain in (*chains, *fallback):
        try:
            return chain, normalise_address(chain, address)
        except InvalidEvent as exc:
            reasons.append(exc.reason)
    skipped[reasons[0]] += 1
    return None
