"""The chain of a listed address: lists name a currency, labels belong to a chain."""

import re
from collections import Counter

from app.chains.addresses import EVM_NATIVE_ASSETS, KNOWN_CHAINS, normalise_address
from app.errors import InvalidEvent
from app.labels.readers.files import one_line
from app.labels.readers.unusable import skip

BY_FORM = ("ethereum", "tron", "bitcoin", "solana")
"""Chains whose addresses cannot be confused, for lists that do not name the chain."""
ANY_FORM = (
    *BY_FORM, "ripple", "litecoin", "bitcoin_cash", "monero", "stellar", "cardano", "cosmos",
    "binance_beacon", "dogecoin", "dash", "zcash", "tezos", "polkadot", "algorand", "ton",
)  # fmt: skip
"""Further ones, tried in this order for an address of which nothing says the currency."""

_OWN_COINS = {symbol: chain for chain, symbol in EVM_NATIVE_ASSETS.items() if symbol != "ETH"}
CURRENCIES: dict[str, tuple[str, ...]] = {
    **{symbol: (chain,) for symbol, chain in _OWN_COINS.items()},
    **{chain.upper(): (chain,) for chain in KNOWN_CHAINS},
    "ADA": ("cardano",),
    "ALGO": ("algorand",),
    "APT": ("aptos",),
    "ARB": ("arbitrum",),
    "ATOM": ("cosmos",),
    "BCH": ("bitcoin_cash",),
    "BEP2": ("binance_beacon",),
    "BEP20": ("bsc",),
    "BNB": ("bsc", "binance_beacon"),
    "BSC": ("bsc",),
    "BSV": ("bitcoin_sv",),
    "BTC": ("bitcoin",),
    "BTG": ("bitcoin_gold",),
    "DASH": ("dash",),
    "DOGE": ("dogecoin",),
    "DOT": ("polkadot",),
    "ERC20": ("ethereum",),
    "ETH": ("ethereum",),
    "FIL": ("filecoin",),
    "LTC": ("litecoin",),
    "MATIC": ("polygon",),
    "OP": ("optimism",),
    "SOL": ("solana",),
    "TRC20": ("tron",),
    "TRX": ("tron",),
    "USDC": BY_FORM,
    "USDT": BY_FORM,
    "XBT": ("bitcoin",),
    "XLM": ("stellar",),
    "XMR": ("monero",),
    "XRP": ("ripple",),
    "XTZ": ("tezos",),
    "XVG": ("verge",),
    "ZEC": ("zcash",),
    "ZIL": ("zilliqa",),
}
"""Chains of a currency, or of a chain's own name; an address is on the first whose form it has."""
_words = re.compile(r"[A-Z0-9_]+").findall


def chains_of(currency: str) -> tuple[str, ...]:
    """The chains of a currency, however it is spelled: `bep-20`, `USDT (TRC20)`; () where it is unknown."""
    text = currency.strip().upper()
    before, _, within = text.partition("(")
    spellings = [text, "".join(_words(text)), "_".join(_words(text))]
    if within:
        spellings += [within.partition(")")[0].strip(), before.strip()]
    return next((CURRENCIES[spelling] for spelling in spellings if spelling in CURRENCIES), ())


def wallet_of(
    currency: str,
    address: str,
    skipped: Counter[str],
    *,
    fallback: tuple[str, ...] = (),
    origin: str = "",
) -> tuple[str, str] | None:
    """The chain and stored form of an address that is listed under a currency.

    An EVM address is the same key on every EVM chain; it is recorded for the chain of its currency alone.

    Args:
        currency: as the list names it.
        address: as the list writes it.
        skipped: counts why there is no such wallet: `unknown_currency:…`, `bad_address`, `bad_checksum`.
        fallback: chains to try when the address fits none of its currency's.
        origin: file and line, by which an unusable entry is named.
    """
    chains = chains_of(currency)
    if address.startswith("0X"):  # as some programs write hex
        address = f"0x{address[2:]}"
    reasons = [] if chains else [f"unknown_currency:{one_line(currency)[:20]}"]
    for chain in (*chains, *fallback):
        try:
            return chain, normalise_address(chain, address)
        except InvalidEvent as exc:
            reasons.append(exc.reason)
    skip(skipped, reasons[0], origin, f"{currency} {address}".strip())
    return None
