"""docs/labels.md says what the importers do."""

import re

from app.chains.addresses import KNOWN_CHAINS
from app.labels.readers.currencies import BY_FORM, CURRENCIES
from app.labels.readers.tagpack_terms import CONFIDENCES, TERMS
from app.settings import PROJECT

DOCUMENT = (PROJECT / "docs" / "labels.md").read_text()


def test_every_term_of_every_category_is_documented_and_no_other() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (`[a-z_]+`.*) \|$", DOCUMENT, re.MULTILINE))
    terms = {category: tuple(re.findall(r"`([a-z_]+)`", row)) for category, row in rows.items()}
    assert terms.pop("darknet_market") == ("market", "shop", "dark_web")
    assert list(terms.items()) == [item for item in TERMS.items() if item[1]]


def test_every_confidence_is_documented_with_its_number() -> None:
    found = re.findall(r"`([a-z_]+)`(?:, another word, or none)? \| (\d+) \|", DOCUMENT)
    assert {name: int(number) for name, number in found} == CONFIDENCES


def test_every_currency_is_documented_with_its_chain() -> None:
    found = dict(re.findall(r"`([A-Z0-9]+)` \| ([a-z_]+) \|", DOCUMENT))
    by_name = {chain.upper() for chain in KNOWN_CHAINS} - found.keys()
    assert found == {
        currency: chains[0]
        for currency, chains in CURRENCIES.items()
        if currency not in by_name and chains != BY_FORM
    }
    assert f"`USDT` and `USDC` are on the first of {', '.join(BY_FORM)}" in DOCUMENT
