"""How people, wallets and explorers write addresses: each leads to the stored form, or says what is wrong."""

import pytest

from app.chains.addresses import EVM_CHAINS, KNOWN_CHAINS
from app.chains.spellings import CHAIN_NAMES, EVM_CHAIN_IDS, chain_named
from app.chains.wallet_reference import Candidate, normalise, normalise_on
from app.errors import UnknownAddress

EVM = "0xd8da6bf26964af9d7eed9e03e53415d37aa96045"
BITCOIN = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
CASHADDR = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
TRON, TRON_HEX = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"

SPELLINGS = {
    f"eth:{EVM}": ("ethereum", EVM),
    f"ETH:{EVM}": ("ethereum", EVM),
    f"Ethereum:{EVM}": ("ethereum", EVM),
    f"arb1:{EVM}": ("arbitrum", EVM),
    f"Binance Smart Chain:{EVM}": ("bsc", EVM),
    f"eip155:1:{EVM}": ("ethereum", EVM),
    f"EIP155:8453:{EVM}": ("base", EVM),
    f"bip122:000000000019d6689c085ae165831e93:{BITCOIN}": ("bitcoin", BITCOIN),
    f"tron:0x2b6653dc:{TRON}": ("tron", TRON),
    f"btc:{SEGWIT.upper()}": ("bitcoin", SEGWIT),
    f"bitcoin:{BITCOIN}?amount=0.1&label=a": ("bitcoin", BITCOIN),
    f"bitcoincash:{CASHADDR}?amount=1": (None, CASHADDR),
    f"bch:bitcoincash:{CASHADDR}": ("bitcoin_cash", CASHADDR),
    f"ethereum:{EVM}@137?value=1": ("polygon", EVM),
    f"ethereum:pay-{EVM}": ("ethereum", EVM),
    TRON_HEX: ("tron", TRON),
    f"0x{TRON_HEX}": ("tron", TRON),
    f"tron:{TRON_HEX.upper()}": ("tron", TRON),
    f"\u200b\u2060{EVM[:9]}\u200d{EVM[9:]}\ufeff": (None, EVM),
    f"\u00a0\u2003{EVM}\u3000": (None, EVM),
    f"eth: {EVM}": ("ethereum", EVM),
    f"https://etherscan.io/address/{EVM}": ("ethereum", EVM),
    f"HTTPS://www.etherscan.io/address/{EVM}#tokentxns": ("ethereum", EVM),
    f"https://etherscan.io/token/0x{'77' * 20}?a={EVM}": ("ethereum", EVM),
    f"http://bscscan.com/address/{EVM}": ("bsc", EVM),
    f"https://tronscan.org/#/address/{TRON}/transfers": ("tron", TRON),
    f"https://mempool.space/address/{SEGWIT}": ("bitcoin", SEGWIT),
    f"https://blockchair.com/bitcoin/address/{BITCOIN}": ("bitcoin", BITCOIN),
    f"https://www.blockchain.com/explorer/addresses/btc/{BITCOIN}": ("bitcoin", BITCOIN),
    f"https://blockchair.com/bitcoin-cash/address/bitcoincash:{CASHADDR}": ("bitcoin_cash", CASHADDR),
    f"https://explorer.example/address/{EVM}": (None, EVM),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_spelling_leads_to_the_stored_form(spelling: str) -> None:
    assert normalise(spelling) == [Candidate(*SPELLINGS[spelling])]


WRONG = {
    EVM[:-1]: ("bad_address", "It has 39 hex digits, and an address has 40"),
    f"{EVM[:-1]}g": ("bad_address", "It has 'g', which is no hex digit"),
    "vitalik.eth": ("bad_address", "It looks like a name"),
    "ab" * 32: ("bad_address", "as long as the hash of a transaction"),
    f"{BITCOIN[:-2]}0a": ("bad_address", "It has '0', which addresses of this kind never have"),
    f"{BITCOIN[:-1]}\u0430": ("look_alike", "Character 34 is CYRILLIC SMALL LETTER A"),
    f"{EVM[:5]}\uff10{EVM[6:]}": ("look_alike", "Character 6 is FULLWIDTH DIGIT ZERO"),
    "é" * 20: ("look_alike", "LATIN SMALL LETTER E WITH ACUTE"),
    f"eip155:999999:{EVM}": ("unknown_chain", "The chain eip155:999999 is not known"),
    f"ethereum:{EVM}@999999": ("unknown_chain", "The chain '999999' is not known"),
    f"https://etherscan.io/tx/0x{'11' * 32}": ("bad_address", "names no address in its URL"),
    f"0x{TRON_HEX[:-1]}": ("bad_address", "It has 41 hex digits, and an address has 40"),
    "https://[": ("bad_address", "is no URL and no address"),
}


@pytest.mark.parametrize("spelling", WRONG)
def test_what_is_no_address_says_why(spelling: str) -> None:
    reason, sentence = WRONG[spelling]
    with pytest.raises(UnknownAddress) as refused:
        normalise(spelling)
    assert refused.value.reason == reason
    assert sentence in str(refused.value)


def test_a_chain_beside_the_address_is_taken_and_another_one_in_it_refused() -> None:
    assert normalise_on("ETH", EVM) == normalise_on("ethereum", f"eth:{EVM}") == [Candidate("ethereum", EVM)]
    assert normalise_on("bch", f"bitcoincash:{CASHADDR}") == [Candidate("bitcoin_cash", CASHADDR)]
    for chain, reference, reason in (
        ("polygon", f"eth:{EVM}", "other_chain"),
        ("moon", EVM, "unknown_chain"),
        ("bitcoin", EVM, "bad_address"),
    ):
        with pytest.raises(UnknownAddress) as refused:
            normalise_on(chain, reference)
        assert refused.value.reason == reason


def test_every_name_leads_to_a_known_chain() -> None:
    assert set(CHAIN_NAMES.values()) <= KNOWN_CHAINS
    assert set(EVM_CHAIN_IDS.values()) == EVM_CHAINS
    assert {chain_named(name) for name in KNOWN_CHAINS} == KNOWN_CHAINS
    assert not CHAIN_NAMES.keys() & KNOWN_CHAINS - {"bsc"}
