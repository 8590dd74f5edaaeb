"""What a person pastes as an address: every spelling of a wallet leads to its one stored form."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chains.addresses import CHAINS, EVM_CHAINS, normalise_address
from app.chains.wallet_reference import Candidate, normalise
from app.errors import InvalidInput, UnknownAddress

EVM = "0xd8da6bf26964af9d7eed9e03e53415d37aa96045"
SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
CASHADDR = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
LEGACY = "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"  # the same key as CASHADDR

SPELLINGS: dict[str, list[tuple[str, str]]] = {
    **{
        chain: [(EVM, EVM), ("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045", EVM), (EVM.upper(), EVM)]
        for chain in EVM_CHAINS
    },
    "bitcoin": [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        (SEGWIT, SEGWIT),
        (SEGWIT.upper(), SEGWIT),
    ],
    "bitcoin_cash": [
        (CASHADDR, CASHADDR),
        (CASHADDR.upper(), CASHADDR),
        (f"bitcoincash:{CASHADDR}", CASHADDR),
        (f"BITCOINCASH:{CASHADDR.upper()}", CASHADDR),
        (LEGACY, CASHADDR),
    ],
    "bitcoin_gold": [("GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", "GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS")],
    "bitcoin_sv": [(LEGACY, LEGACY)],
    "dash": [("XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2", "XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2")],
    "dogecoin": [("DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L")],
    "litecoin": [
        ("LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1", "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1"),
        ("LTC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KGMN4N9", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"),
    ],
    "ripple": [("rnXyVQzgxZe7TR1EPzTkGj2jxH4LMJYh66", "rnXyVQzgxZe7TR1EPzTkGj2jxH4LMJYh66")],
    "solana": [
        (
            "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
            "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        )
    ],
    "tron": [("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")],
    "verge": [("DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z")],
    "zcash": [("t1MMXtBrSp1XG38Lx9cePcNUCJj5vdWfUWL", "t1MMXtBrSp1XG38Lx9cePcNUCJj5vdWfUWL")],
}


def test_every_chain_has_spellings_here() -> None:
    assert SPELLINGS.keys() == CHAINS


@pytest.mark.parametrize("chain", sorted(CHAINS))
def test_every_spelling_leads_to_the_stored_form(chain: str) -> None:
    for text, stored in SPELLINGS[chain]:
        assert normalise_address(chain, stored) == stored
        for pasted in (text, f" {text}\n", f"\t{text}"):
            assert Candidate(None, stored) in normalise(pasted), pasted
        for pasted in (f"{chain}:{text}", f"  {chain}:{text} ", f"{chain.upper()}:{text}"):
            assert normalise(pasted) == [Candidate(chain, stored)], pasted


def test_a_legacy_address_is_meant_on_all_chains_that_write_it_so() -> None:
    assert normalise(LEGACY) == [Candidate(None, LEGACY), Candidate(None, CASHADDR)]


def test_an_address_that_one_chain_alone_writes_is_one_candidate() -> None:
    for text, stored in ((EVM, EVM), (SEGWIT, SEGWIT), (f"bitcoincash:{CASHADDR}", CASHADDR)):
        assert normalise(text) == [Candidate(None, stored)]


def test_capitals_of_an_evm_address_are_a_checksum_unless_all_letters_are_capitals() -> None:
    wrong = "0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
    for text in (wrong, f"polygon:{wrong}", wrong.replace("0x", "0X")):
        with pytest.raises(UnknownAddress, match="EIP-55") as refused:
            normalise(text)
        assert refused.value.reason == "bad_checksum"
    assert normalise(wrong.lower()) == [Candidate(None, EVM)]
    assert normalise(wrong.upper()) == [Candidate(None, EVM)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"etherium:{EVM}", "unknown_chain"),
        (f"Solaris:{EVM}", "unknown_chain"),
        (f"ethereum:{EVM}0", "bad_address"),
        (f"bitcoincash:{CASHADDR}x", "bad_checksum"),
        (f"ethereum:{LEGACY}", "bad_address"),
        ("nonsense", "bad_address"),
        (f"{LEGACY[:-1]}v", "bad_checksum"),
    ],
)
def test_what_is_no_address_has_a_reason(text: str, reason: str) -> None:
    with pytest.raises(UnknownAddress) as refused:
        normalise(text)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "The checksum of 1A1z"),
        ("bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "The checksum of 1A1z"),
        (f"{SEGWIT[:-1]}5", "The checksum of bc1q"),
        (f"bitcoincash:{CASHADDR[:-1]}q", "The checksum of bitcoincash:q"),
        ("0x01", "'0x01' is no address of a known chain"),
        ("moon:0x01", "The chain 'moon' of this address is not known"),
        ("ethereum:0x01", "'0x01' is no 0x address of 40 hex digits"),
        (f"tron:{EVM}", "is no address of tron"),
        ("ethereum:", "'' is no 0x address"),
        (":", "':' is no address"),
        ("x" * 200, "is no address of a known chain"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(text: str, message: str) -> None:
    with pytest.raises(UnknownAddress, match=re.escape(message)):
        normalise(text)


@pytest.mark.parametrize("text", ["", "  ", "a b", f"{EVM} {EVM}", "nul\0", "x" * 201])
def test_what_cannot_be_written_as_an_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="up to 200 printable characters") as refused:
        normalise(text)
    assert not isinstance(refused.value, UnknownAddress)


@given(st.text(max_size=210) | st.from_regex(r"[a-z]{3,12}:[0-9A-Za-z]{20,60}", fullmatch=True))
def test_any_text_is_refused_or_has_candidates_of_one_chain_that_are_their_own_stored_form(text: str) -> None:
    try:
        candidates = normalise(text)
    except InvalidInput:
        return
    assert len({candidate.chain for candidate in candidates}) == 1
    for chain, address in candidates:
        assert Candidate(chain, address) in normalise(address if chain is None else f"{chain}:{address}")
