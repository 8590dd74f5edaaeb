"""Where a chain's public block explorer shows an address or a transaction. The product itself asks nobody."""

import json
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from app.chains.addresses import KNOWN_CHAINS
from app.errors import InvalidInput

OFF: Final = "off"


class Templates(NamedTuple):
    """Addresses of pages, with `{}` for the address or hash; empty: none."""

    address: str
    transaction: str


def _scan(site: str) -> Templates:
    return Templates(f"https://{site}/address/{{}}", f"https://{site}/tx/{{}}")


def _blockchair(chain: str) -> Templates:
    site = f"https://blockchair.com/{chain}"
    return Templates(f"{site}/address/{{}}", f"{site}/transaction/{{}}")


DEFAULTS: Final = {
    "arbitrum": _scan("arbiscan.io"),
    "avalanche": _scan("snowscan.xyz"),
    "base": _scan("basescan.org"),
    "blast": _scan("blastscan.io"),
    "bsc": _scan("bscscan.com"),
    "celo": _scan("celoscan.io"),
    "cronos": _scan("cronoscan.com"),
    "ethereum": _scan("etherscan.io"),
    "ethereum_classic": _scan("etc.blockscout.com"),
    "fantom": _scan("explorer.fantom.network"),
    "gnosis": _scan("gnosisscan.io"),
    "linea": _scan("lineascan.build"),
    "mantle": _scan("mantlescan.xyz"),
    "moonbeam": _scan("moonscan.io"),
    "optimism": _scan("optimistic.etherscan.io"),
    "polygon": _scan("polygonscan.com"),
    "scroll": _scan("scrollscan.com"),
    "sonic": _scan("sonicscan.org"),
    "zksync": _scan("era.zksync.network"),
    "bitcoin": _scan("mempool.space"),
    "bitcoin_cash": _blockchair("bitcoin-cash"),
    "bitcoin_sv": _blockchair("bitcoin-sv"),
    "dash": _blockchair("dash"),
    "dogecoin": _blockchair("dogecoin"),
    "litecoin": _blockchair("litecoin"),
    "zcash": _blockchair("zcash"),
    "ripple": Templates("https://xrpscan.com/account/{}", "https://xrpscan.com/tx/{}"),
    "solana": Templates("https://solscan.io/account/{}", "https://solscan.io/tx/{}"),
    "tron": Templates("https://tronscan.org/#/address/{}", "https://tronscan.org/#/transaction/{}"),
}


@lru_cache(maxsize=8)
def block_explorers(setting: str) -> dict[str, Templates]:
    """The templates by chain: the defaults, changed by a JSON object of chains, or none at all.

    Raises:
        InvalidInput: it is neither empty, nor `off`, nor such an object of http addresses with one `{}`.
    """
    if setting.strip().lower() == OFF:
        return {}
    if not setting.strip():
        return DEFAULTS
    try:
        changed = json.loads(setting)
        templates = {chain: Templates(**pages) for chain, pages in changed.items()}
    except (ValueError, TypeError, AttributeError) as exc:
        raise InvalidInput(f"{_HOW} {exc}.") from exc
    for chain, pages in templates.items():
        bad = [page for page in pages if page and not _is_template(page)]
        if chain not in KNOWN_CHAINS or bad:
            raise InvalidInput(
                f"{_HOW} {chain!a} is not right: {', '.join(map(str, bad)) or 'no such chain'}."
            )
    return DEFAULTS | templates


def address_url(setting: str, chain: str, address: str) -> str | None:
    """Where the explorer shows an address; None without one."""
    return _filled(block_explorers(setting).get(chain, _NONE).address, address)


def transaction_url(setting: str, chain: str, transaction_hash: str) -> str | None:
    """Where the explorer shows a transaction; None without one."""
    return _filled(block_explorers(setting).get(chain, _NONE).transaction, transaction_hash)


def _filled(template: str, value: str) -> str | None:
    return template.replace("{}", quote(value, safe="")) if template else None


def _is_template(page: object) -> bool:
    if not isinstance(page, str) or page.count("{}") != 1:
        return False
    parts = urlsplit(page)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and "{}" not in parts.netloc


_NONE = Templates("", "")
_HOW = (
    'AML_BLOCK_EXPLORERS is empty, `off`, or JSON such as {"ethereum": {"address": "https://…/{}", '
    '"transaction": "https://…/{}"}}.'
)
