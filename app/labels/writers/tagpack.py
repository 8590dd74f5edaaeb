"""Labels as GraphSense's TagPacks, one for each source."""

import json
import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from app.errors import InvalidInput
from app.labels.readers.currencies import CURRENCIES
from app.labels.readers.tagpack_terms import CONFIDENCES, TERMS
from app.labels.writers.current import ExportedLabel

_TICKERS: Final = {
    **{chains[0]: ticker for ticker, chains in sorted(CURRENCIES.items(), reverse=True) if len(chains) == 1},
    "bsc": "BSC",
    "ethereum": "ETH",
    "polygon": "MATIC",
    "tron": "TRX",
}
_DARK_MARKET: Final = ("market", "dark_web")
_in_a_name = re.compile(r"[^A-Za-z0-9_-]+")


def write_tagpacks(labels: Iterable[ExportedLabel], folder: Path) -> int:
    """Writes a TagPack for each source into a folder; answers how many labels. They must come by source.

    A TagPack cannot say that a label is of one tag of an address, so these are left out: they would speak of
    all its users.

    Raises:
        InvalidInput: the folder holds files: old packs would stay among the new ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InvalidInput(f"{folder} is not empty. Name a new folder.")
    number = 0
    of_wallets = (label for label in labels if not label.tag)
    for pack, (source, of_source) in enumerate(groupby(of_wallets, key=lambda label: label.source), start=1):
        name = _in_a_name.sub("_", source)[:60].strip("_")
        with (folder / f"{pack:03d}_{name}.yaml").open("w", encoding="utf-8") as out:
            # Every JSON text is one of YAML: nothing in a name is markup, whatever it holds.
            out.write(f"title: {_quoted(source)}\ncreator: aml-risk\nsource: {_quoted(source)}\ntags:\n")
            for label in of_source:
                out.write(f"- {json.dumps(_tag(label))}\n")
                number += 1
    return number


def _tag(label: ExportedLabel) -> dict[str, Any]:
    tag: dict[str, Any] = {
        "address": label.address,
        "currency": _TICKERS.get(label.chain, label.chain.upper()),
        "label": label.name,
        "confidence": min(CONFIDENCES, key=lambda name: abs(CONFIDENCES[name] - label.confidence)),
    }
    if label.category:
        terms = _DARK_MARKET if label.category == "darknet_market" else TERMS.get(label.category, ())[:1]
        tag["concepts"] = list(terms or (label.category,))
    return tag


def _quoted(value: str) -> str:
    return json.dumps(value)
