"""How people, wallets and explorers write a chain and an address: the address alone, and the chain if named.

A text is taken apart and not judged: what is left of it is an address, or none, by `addresses.py`.
"""

import re
import unicodedata
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from app.chains.addresses import EVM_CHAINS, KNOWN_CHAINS
from app.errors import UnknownAddress

CHAIN_NAMES: Final = {
    "eth": "ethereum", "ether": "ethereum", "arb1": "arbitrum", "arb": "arbitrum", "avax": "avalanche",
    "bnb": "bsc", "bsc": "bsc", "binance_smart_chain": "bsc", "cro": "cronos", "etc": "ethereum_classic",
    "ftm": "fantom", "gno": "gnosis", "xdai": "gnosis", "mnt": "mantle", "mbeam": "moonbeam",
    "glmr": "moonbeam", "oeth": "optimism", "op": "optimism", "matic": "polygon", "pol": "polygon",
    "scr": "scroll", "s": "sonic", "zksync_era": "zksync", "btc": "bitcoin", "xbt": "bitcoin",
    "bch": "bitcoin_cash", "btg": "bitcoin_gold", "bsv": "bitcoin_sv", "doge": "dogecoin", "ltc": "litecoin",
    "xrp": "ripple", "xrpl": "ripple", "sol": "solana", "trx": "tron", "xvg": "verge", "zec": "zcash",
    "ada": "cardano", "xmr": "monero", "xlm": "stellar", "xtz": "tezos", "dot": "polkadot",
    "algo": "algorand",
}  # fmt: skip
"""Tickers, and the short names of EIP-3770."""

EVM_CHAIN_IDS: Final = {
    "1": "ethereum", "10": "optimism", "25": "cronos", "56": "bsc", "61": "ethereum_classic",
    "100": "gnosis", "137": "polygon", "146": "sonic", "250": "fantom", "324": "zksync", "1284": "moonbeam",
    "5000": "mantle", "8453": "base", "42161": "arbitrum", "42220": "celo", "43114": "avalanche",
    "59144": "linea", "81457": "blast", "534352": "scroll",
}  # fmt: skip
"""Of EIP-155, as CAIP-10 (`eip155:1:0x…`) and payment links (`ethereum:0x…@1`) write them."""

_GENESIS: Final = {
    "000000000019d6689c085ae165831e93": "bitcoin",
    "12a765e31ffd4059bada1e25190f6e98": "litecoin",
    "1a91e3dace36e2be3bf030a65679fe82": "dogecoin",
    "000000000000000000651ef99cb9fcbe": "bitcoin_cash",
}
"""First half of a genesis block's hash, as CAIP-10 names chains of Bitcoin's kind (`bip122:…`)."""

_EXPLORERS: Final = {
    "etherscan.io": "ethereum", "optimistic.etherscan.io": "optimism", "bscscan.com": "bsc",
    "polygonscan.com": "polygon", "arbiscan.io": "arbitrum", "basescan.org": "base",
    "snowtrace.io": "avalanche", "snowscan.xyz": "avalanche", "ftmscan.com": "fantom",
    "gnosisscan.io": "gnosis", "lineascan.build": "linea", "scrollscan.com": "scroll",
    "celoscan.io": "celo", "cronoscan.com": "cronos", "blastscan.io": "blast", "mantlescan.xyz": "mantle",
    "moonscan.io": "moonbeam", "moonbeam.moonscan.io": "moonbeam", "sonicscan.org": "sonic",
    "era.zksync.network": "zksync", "explorer.zksync.io": "zksync", "tronscan.org": "tron",
    "tronscan.io": "tron", "mempool.space": "bitcoin", "blockstream.info": "bitcoin",
    "btcscan.org": "bitcoin",
    "litecoinspace.org": "litecoin", "dogechain.info": "dogecoin", "solscan.io": "solana",
    "explorer.solana.com": "solana", "solana.fm": "solana", "xrpscan.com": "ripple",
    "livenet.xrpl.org": "ripple", "bithomp.com": "ripple", "eth.blockscout.com": "ethereum",
    "etc.blockscout.com": "ethereum_classic", "base.blockscout.com": "base",
    "optimism.blockscout.com": "optimism", "arbitrum.blockscout.com": "arbitrum",
    "gnosis.blockscout.com": "gnosis", "polygon.blockscout.com": "polygon",
}  # fmt: skip
"""Hosts whose pages are of one chain."""

_scheme = re.compile(r"https?://", re.IGNORECASE).match
_evm_text = re.compile(r"0[xX][0-9a-fA-F]{40}").fullmatch
_address_like = re.compile(r"(?:[a-z]+:)?[0-9A-Za-z]{25,90}").fullmatch
_transaction_hash = re.compile(r"(?:0[xX])?[0-9a-fA-F]{64}").fullmatch
_tron_hex = re.compile(r"(?:0[xX])?41[0-9a-fA-F]{40}").fullmatch
_named_genesis = re.compile(r"(?:eip155|bip122|solana|tron):[^:]+:").match


class Spelling(NamedTuple):
    """The parts of a text: a known chain, or None where it names none, and what may be an address."""

    chain: str | None
    address: str


def without_invisible(text: str) -> str:
    """The text without what nobody sees: blanks around it, zero-width characters and marks anywhere."""
    visible = (" " if unicodedata.category(char) == "Zs" else char for char in text)
    return "".join(char for char in visible if unicodedata.category(char) != "Cf").strip()


def spelling_of(text: str) -> Spelling:
    """Takes a text apart that has no invisible characters.

    Raises:
        UnknownAddress: `look_alike`, it has a letter that looks like another; or it is an explorer's page of
            something that is no address.
    """
    _refuse_look_alikes(text)
    if _scheme(text):
        return _of_url(text)
    name, colon, rest = text.partition(":")
    chain = chain_named(name) if colon else None
    if colon and _named_genesis(text.lower()):
        return _of_caip(name.lower(), rest)
    if chain is None:
        return Spelling("tron", text) if _tron_hex(text) else Spelling(None, text.partition("?")[0] or text)
    return _of_link(chain, rest.strip())


def chain_named(name: str) -> str | None:
    """The chain of a name, a ticker or a short name in any case; None of a name that no chain has."""
    lower = name.strip().lower().replace("-", "_").replace(" ", "_")
    return lower if lower in KNOWN_CHAINS else CHAIN_NAMES.get(lower)


def known_chain(name: str) -> str:
    """As `chain_named`, of a name that must be one.

    Raises:
        UnknownAddress: `unknown_chain`; the message names those that are known.
    """
    chain = chain_named(name)
    if chain is None:
        known = ", ".join(sorted(KNOWN_CHAINS))
        raise UnknownAddress(
            "unknown_chain", f"The chain {name[:40]!a} is not known. Known are: {known}.", name="chain"
        )
    return chain


def why_no_address(text: str) -> str | None:
    """What a text seems to be that is no address, as a sentence; None where nothing can be said."""
    if _transaction_hash(text):
        return "It is as long as the hash of a transaction."
    if "." in text and text.rpartition(".")[2].isalpha():
        return "It looks like a name: ask its service for the address behind it."
    if text[:2] in {"0x", "0X"}:
        strange = next((char for char in text[2:] if char not in "0123456789abcdefABCDEF"), None)
        if strange is not None:
            return f"It has {strange!a}, which is no hex digit."
        return f"It has {len(text) - 2} hex digits, and an address has 40."
    confused = next((char for char in text if char in "0OIl"), None)
    if confused is not None and text[:1] in "13TXLDtr" and text.isalnum():
        return f"It has {confused!a}, which addresses of this kind never have."
    return None


def is_tron_hex(text: str) -> bool:
    """Whether it is an address of Tron as nodes write it: 41 and 40 hex digits."""
    return _tron_hex(text) is not None


def _of_caip(namespace: str, rest: str) -> Spelling:
    """`eip155:1:0x…`, without its first part."""
    reference, _, address = rest.partition(":")
    chain = {
        "eip155": EVM_CHAIN_IDS.get(reference),
        "bip122": _GENESIS.get(reference.lower()),
    }.get(namespace, namespace)
    if chain is None:
        raise UnknownAddress("unknown_chain", f"The chain {namespace}:{reference[:40]} is not known.")
    return Spelling(chain, address)


def _of_link(chain: str, address: str) -> Spelling:
    """The address of a payment link: without what is asked for, and on the chain that it names by number."""
    address = address.removeprefix("//").partition("?")[0]
    if chain in EVM_CHAINS:
        address, at, chain_id = address.removeprefix("pay-").partition("@")
        if at:
            if chain_id not in EVM_CHAIN_IDS:
                raise UnknownAddress("unknown_chain", f"The chain {chain_id[:40]!a} is not known.")
            chain = EVM_CHAIN_IDS[chain_id]
        address = address.partition("/")[0]
    return Spelling(chain, address)


def _of_url(text: str) -> Spelling:
    try:
        url = urlsplit(text)
        host = (url.hostname or "").removeprefix("www.")
    except ValueError as exc:
        raise UnknownAddress("bad_address", f"{text[:100]!a} is no URL and no address.") from exc
    path = [unquote(part) for part in f"{url.path}/{url.fragment.partition('?')[0]}".split("/") if part]
    chain = _EXPLORERS.get(host) or next(filter(None, map(chain_named, path)), None)
    # The page of a token with `a=` shows one holder of it.
    holders = [value for name, value in parse_qsl(url.query) if name in {"a", "address"}]
    found = [part for part in (*holders, *path) if _address_like(part) and not _transaction_hash(part)]
    if not found:
        raise UnknownAddress("bad_address", f"This page of {host[:60]} names no address in its URL.")
    evm: str | None = next((part for part in found if _evm_text(part)), None)
    if chain in EVM_CHAINS and evm is None:
        chain = None
    return Spelling(chain, evm or found[0])


def _refuse_look_alikes(text: str) -> None:
    for place, char in enumerate(text, 1):
        if not char.isascii() and unicodedata.category(char)[0] in "LNM":
            name = unicodedata.name(char, f"U+{ord(char):04X}")
            raise UnknownAddress(
                "look_alike",
                f"Character {place} is {name} (U+{ord(char):04X}), which no address has: it only looks like"
                " another. Copy the address again from where it belongs.",
            )
