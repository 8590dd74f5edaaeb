"""Addresses of chains that only labels are on: one stored form for each wallet, and none for what is none."""

import pytest

from app.chains.addresses import CHAINS, KNOWN_CHAINS, LABEL_CHAINS, normalise_address
from app.chains.wallet_reference import Candidate, normalise
from app.errors import InvalidEvent

TON = "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N"
RAW_TON = "0:83dfd552e63729b472fcbcc8c45ebcc6691702558b68ec7527e1ba403a0f31a8"
HEX = "0x" + "Ab" * 32
ADDRESSES = {
    "algorand": "Y76M3MSY6DKBRHBL7C3NNDXGS5IIMQVQVUAB6MP4XEMMGVF2QWNPL226CA",
    "aptos": HEX,
    "binance_beacon": "bnb136ns6lfw4zs5hg4n85vdthaad7hq5m4gtkgf23",
    "cardano": "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8",
    "cosmos": "cosmos1hsk6jryyqjfhp5dhc55tc9jtckygx0eph6dd02",
    "eos": "binancecleos",
    "filecoin": "f1ksu3ktw4xhyaoltwr546b3epfs5wxxqfyyxipwi",
    "monero": "42Lxp5b63YJ8mVZTzcioVnCk9WQCPAMk4RH7e7ygPTkzEiHB86MJkRbb9c4uyE3bV8fuu7ggU2XUYDFT4"
    "SxB7pbNC6PwL6c",
    "neo": "AFmtrXSFfVhd8wGYdLNkkJuWaHfDJo9afu",
    "polkadot": "148eGqBKBSbTrKnGQka9tNNFoycLLa6ZPddFbtfJNczsBQPj",
    "stellar": "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ",
    "sui": HEX,
    "tezos": "tz1Ke3u9SqxvnkdNkgaCmydXg3zh3iaKNDxw",
    "ton": TON,
    "zilliqa": "zil1fwh4ltdguhde9s7nysnp33d5wye6uqpugufkz7",
}


def test_no_chain_is_without_an_example_and_none_takes_transfers() -> None:
    assert ADDRESSES.keys() == LABEL_CHAINS
    assert not LABEL_CHAINS & CHAINS
    assert KNOWN_CHAINS == CHAINS | LABEL_CHAINS


@pytest.mark.parametrize("chain", sorted(LABEL_CHAINS))
def test_an_address_has_one_stored_form_and_a_look_finds_it(chain: str) -> None:
    stored = normalise_address(chain, ADDRESSES[chain])
    assert normalise_address(chain, stored) == stored
    assert normalise(f" {chain}:{ADDRESSES[chain]}") == [Candidate(chain, stored)]
    if chain != "eos":
        assert Candidate(None, stored) in normalise(ADDRESSES[chain])


@pytest.mark.parametrize("chain", sorted(LABEL_CHAINS - {"eos", "aptos", "sui"}))
def test_a_changed_letter_is_noticed(chain: str) -> None:
    address = ADDRESSES[chain]
    changed = f"{address[:9]}{'2' if address[9] != '2' else '3'}{address[10:]}"
    with pytest.raises(InvalidEvent, match=r"is no address of|The checksum of"):
        normalise_address(chain, changed)


@pytest.mark.parametrize("chain", sorted(LABEL_CHAINS))
@pytest.mark.parametrize("text", ["", "0x12", "Nonsense with blanks", "é" * 48, "A" * 200, "0:zz", "=" * 48])
def test_what_is_no_address_is_none(chain: str, text: str) -> None:
    with pytest.raises(InvalidEvent):
        normalise_address(chain, text)


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("cardano", "Ae2tdPwUPEZ9tEfFwuJMQmwZSo6NeVM5dVfAdzw2RMKYLryZ8CzdqadVLAD"),
        ("monero", ("85M4Xyet2XDjciLjHXbSJJRpkJNtFqksCRPnPsJ5erHjHBppj55hePa4r4qzsq9FBjNLWYzsSD7gCPVuKf7N"
         "NmbZ7mjJoj2")),
    ],
)  # fmt: skip
def test_older_and_other_forms_are_addresses_too(chain: str, address: str) -> None:
    assert normalise_address(chain, address) == address
    with pytest.raises(InvalidEvent, match="is no address of"):
        normalise_address(chain, f"{address[:-1]}{'3' if address[-1] != '3' else '4'}")


def test_all_spellings_of_a_ton_account_are_one_wallet() -> None:
    unbounceable = "UQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqEBI"
    assert {normalise_address("ton", text) for text in (TON, RAW_TON, unbounceable)} == {TON}
