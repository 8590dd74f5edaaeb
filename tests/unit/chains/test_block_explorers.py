"""Links to public block explorers: of every chain that has transfers, changed or turned off by a setting."""

import json

import pytest

from app.chains.addresses import CHAINS
from app.chains.block_explorers import DEFAULTS, address_url, block_explorers, transaction_url
from app.errors import InvalidInput

WITHOUT = {"bitcoin_gold", "verge"}
"""No explorer of theirs is known to stay."""


def test_every_chain_of_transfers_has_one() -> None:
    assert DEFAULTS.keys() == CHAINS - WITHOUT
    assert address_url("", "ethereum", "0xaa") == "https://etherscan.io/address/0xaa"
    assert transaction_url("", "bitcoin", "ab") == "https://mempool.space/tx/ab"
    assert address_url("", "verge", "x") is None
    for chain in DEFAULTS:
        assert block_explorers(json.dumps({chain: DEFAULTS[chain]._asdict()})) == DEFAULTS


def test_a_setting_changes_one_or_turns_all_off() -> None:
    one = json.dumps({"ethereum": {"address": "https://my.site/a?x={}", "transaction": ""}})
    assert address_url(one, "ethereum", 'a"b') == "https://my.site/a?x=a%22b"
    assert transaction_url(one, "ethereum", "0x1") is None
    assert address_url(one, "base", "0x1") == "https://basescan.org/address/0x1"
    assert address_url("off", "ethereum", "0xaa") is None
    assert transaction_url(" OFF ", "ethereum", "0xaa") is None


@pytest.mark.parametrize(
    "setting",
    [
        "on",
        "[]",
        '{"ethereum": {}}',
        '{"ethereum": {"address": "javascript:alert({})", "transaction": ""}}',
        '{"ethereum": {"address": "https://{}/a", "transaction": ""}}',
        '{"ethereum": {"address": "https://a/{}/{}", "transaction": ""}}',
        '{"ethereum": {"address": 5, "transaction": ""}}',
        '{"no_chain": {"address": "https://a/{}", "transaction": ""}}',
    ],
)
def test_other_settings_are_refused(setting: str) -> None:
    with pytest.raises(InvalidInput, match="AML_BLOCK_EXPLORERS"):
        block_explorers(setting)
