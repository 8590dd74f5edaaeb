"""What pages write for wallets and assets: names where they have one, and links to public block explorers."""

from collections.abc import Iterable
from typing import Any

from app.answers.assets import AssetName
from app.answers.base import WalletName


def titles(names: Iterable[WalletName], assets: Iterable[AssetName]) -> dict[str, Any]:
    """The values by which the macros `wallet` and `asset` write names: by `chain:address`, and by asset."""
    return {
        "wallet_titles": {str(each): each for each in names if each.name is not None},
        "asset_titles": {each.asset: each for each in assets},
    }
