"""Owners are told by names that say what of the owner's a wallet is, and by no other name."""

import pytest

from app.explorer.owners import owner_of_name


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("Stake_Deposit_0xed54", "Stake"),
        ("WhiteBIT_Deposit_0xce46", "WhiteBIT"),
        ("Tornado.Cash: Router", "Tornado.Cash"),
        ("Binance 14", "Binance"),
        ("Binance #3", "Binance"),
        ("Kraken hot wallet", "Kraken"),
        ("FTX Deposit", "FTX"),
        ("Binance", None),
        ("Hacker", None),
        ("Hacker (EZU Twitter)", None),
        ("Seaport 1.1 (LT)", None),
        ("Fake_Phishing12345", None),
        ("0705.eth", None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_tells_its_owner_or_none(name: str | None, owner: str | None) -> None:
    assert owner_of_name(name) == owner
