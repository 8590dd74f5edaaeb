"""The chains that are known, and the one stored form of their addresses and transaction hashes.

Two spellings of one address must never become two wallets, and a text that is no address must become
none: hex and bech32 are stored in lower case, Bitcoin Cash as CashAddr without its prefix.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from eth_utils.address import to_checksum_address

from app.errors import InvalidEvent

EVM_NATIVE_ASSETS = {
    "arbitrum": "ETH",
    "avalanche": "AVAX",
    "base": "ETH",
    "blast": "ETH",
    "bsc": "BNB",
    "celo": "CELO",
    "cronos": "CRO",
    "ethereum": "ETH",
    "ethereum_classic": "ETC",
    "fantom": "FTM",
    "gnosis": "XDAI",
    "linea": "ETH",
    "mantle": "MNT",
    "moonbeam": "GLMR",
    "optimism": "ETH",
    "polygon": "POL",
    "scroll": "ETH",
    "sonic": "S",
    "zksync": "ETH",
}
"""EVM chains and the symbol of their native coin (18 decimals on all of them)."""

_OTHER_CHAINS = frozenset(
    {"bitcoin", "bitcoin_cash", "bitcoin_gold", "bitcoin_sv", "dash", "dogecoin", "litecoin", "ripple"}
    | {"solana", "tron", "verge", "zcash"}
)

EVM_CHAINS = frozenset(EVM_NATIVE_ASSETS)
CHAINS = EVM_CHAINS | _OTHER_CHAINS
"""Every chain a transfer may be on."""
LABEL_CHAINS = frozenset(
    {"algorand", "aptos", "binance_beacon", "cardano", "cosmos", "eos", "filecoin", "monero", "neo"}
    | {"polkadot", "stellar", "sui", "tezos", "ton", "zilliqa"}
)
"""Chains that lists name: their wallets have labels, so that a look finds them, and no transfers."""
KNOWN_CHAINS = CHAINS | LABEL_CHAINS

MAX_ADDRESS_LENGTH = 90
"""Of a bech32 string; the longest form here. Base58 decoding is quadratic, so length is checked first."""
MAX_LABELLED_LENGTH = 120
"""Of an address on one of `LABEL_CHAINS`: Cardano's and Monero's have over 100 characters."""

_lower_evm = re.compile(r"0x[0-9a-f]{40}").fullmatch
_any_evm = re.compile(r"0x[0-9a-fA-F]{40}").fullmatch
_lower_evm_hash = re.compile(r"0x[0-9a-f]{64}").fullmatch
_any_evm_hash = re.compile(r"0x[0-9a-fA-F]{64}").fullmatch
_hex_hash = re.compile(r"[0-9a-fA-F]{64}").fullmatch
_labelled_text = re.compile(rf"[0-9A-Za-z:._+/=-]{{1,{MAX_LABELLED_LENGTH}}}").fullmatch
_address_text = re.compile(rf"[0-9A-Za-z:]{{14,{MAX_ADDRESS_LENGTH}}}").fullmatch


def normalise_address(chain: str, address: str) -> str:
    """The stored form of an address of a known chain.

    Raises:
        InvalidEvent: `unknown_chain`, `bad_address`, or `bad_checksum` when only the checksum is wrong.
    """
    if chain in EVM_CHAINS:
        return address if _lower_evm(address) else _normalise_evm(address)
    if chain not in KNOWN_CHAINS:
        raise InvalidEvent("unknown_chain", f"The chain {chain[:40]!a} is not known.")
    return _normalise_other(chain, address) if chain in CHAINS else _normalise_labelled(chain, address)


def normalise_hash(chain: str, transaction_hash: str) -> str:
    """The stored form of a transaction hash of a known chain; raises InvalidEvent `bad_hash`."""
    if chain in EVM_CHAINS:
        if _lower_evm_hash(transaction_hash):
            return transaction_hash
        if _any_evm_hash(transaction_hash):
            return transaction_hash.lower()
    elif chain == "solana":
        from app.chains.address_forms import is_solana_signature  # noqa: PLC0415 - see there

        if is_solana_signature(transaction_hash):
            return transaction_hash
    elif _hex_hash(transaction_hash):
        return transaction_hash.lower()
    raise InvalidEvent("bad_hash", f"{transaction_hash[:100]!a} is no transaction hash of {chain}.")


def normalise_block_hash(chain: str, block_hash: str) -> str:
    """The stored form of a block's hash of a known chain; raises InvalidEvent `bad_hash`.

    It is written as a transaction's, except on Solana: 32 bytes, as an address, where a signature has 64.
    """
    stored_form = _normalise_other if chain == "solana" else normalise_hash
    try:
        return stored_form(chain, block_hash)
    except InvalidEvent as exc:
        raise InvalidEvent("bad_hash", f"{block_hash[:100]!a} is no block hash of {chain}.") from exc


@lru_cache(maxsize=65_536)
def _normalise_evm(address: str) -> str:
    if not _any_evm(address):
        raise InvalidEvent("bad_address", f"{address[:100]!a} is no 0x address of 40 hex digits.")
    digits = address[2:]
    # Written in one case an address carries no checksum (EIP-55).
    if digits not in (digits.lower(), digits.upper()) and to_checksum_address(address) != address:
        raise InvalidEvent("bad_checksum", f"The capitals of {address} do not carry its EIP-55 checksum.")
    return address.lower()


@lru_cache(maxsize=65_536)
def _normalise_other(chain: str, address: str) -> str:
    from app.chains.address_forms import stored_form  # noqa: PLC0415 - see there

    if not _address_text(address):
        raise _no_address(chain, address[:100])
    return _checked(stored_form, chain, address, address[:100])


@lru_cache(maxsize=65_536)
def _normalise_labelled(chain: str, address: str) -> str:
    from app.chains.label_forms import label_form  # noqa: PLC0415 - see address_forms

    if not _labelled_text(address):
        raise _no_address(chain, address[:120])
    return _checked(label_form, chain, address, address[:120])


def _checked(form_of: Callable[[str, str], str | None], chain: str, address: str, shown: str) -> str:
    """The form of an address, by a function that answers None or fails where it is none of the chain."""
    from app.chains.address_forms import CHECKSUM_ERRORS  # noqa: PLC0415 - see there

    try:
        form = form_of(chain, address)
    except CHECKSUM_ERRORS as exc:
        raise InvalidEvent("bad_checksum", f"The checksum of {address} is wrong.") from exc
    except (ValueError, IndexError) as exc:
        raise _no_address(chain, shown) from exc
    if form is None:
        raise _no_address(chain, shown)
    return form


def _no_address(chain: str, shown: str) -> InvalidEvent:
    return InvalidEvent("bad_address", f"{shown!a} is no address of {chain}.")
