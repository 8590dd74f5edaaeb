"""Example events of the topic: what the contract's documents and the API's document show."""

from typing import Any, Final

from app.answers.base import EXAMPLE_TIME, MIDDLE_WALLET, MIXER_WALLET

_TIME: Final = EXAMPLE_TIME.isoformat().replace("+00:00", "Z")
_HASH: Final = "0x" + "11" * 32
TRANSFER_EVENT: Final[dict[str, Any]] = {
    "schema_version": 1,
    "chain": "ethereum",
    "transaction_hash": _HASH,
    "transfer_index": 0,
    "block_number": 17_173_049,
    "transaction_index": 12,
    "occurred_at": _TIME,
    "sender": MIXER_WALLET.address,
    "receiver": MIDDLE_WALLET.address,
    "asset": "ETH",
    "amount": "1000000000000000000",
    "decimals": 18,
    "usd_value": "1860.10",
}
RETRACTION_EVENT: Final[dict[str, Any]] = {
    "schema_version": 1,
    "type": "retraction",
    "chain": "ethereum",
    "transaction_hash": _HASH,
    "asset": "ETH",
    "transfer_index": None,
    "observed_at": _TIME,
    "block_number": 17_173_049,
}
