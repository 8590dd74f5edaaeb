"""Addresses and hashes: what wallets really use is accepted in one stored form, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chains.addresses import CHAINS, normalise_address, normalise_hash
from app.errors import InvalidEvent
from tests.support.paths import SHARED

OFAC = SHARED / "data" / "labels" / "ofac"
SOLANA_SIGNATURE = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"

VALID = [
    # The examples of BIP-173, BIP-350 and other public sources; the second is the stored form.
    ("bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", None),  # P2PKH
    ("bitcoin", "1111111111111111111114oLvT2", None),  # P2PKH of zeros
    ("bitcoin", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", None),  # P2SH
    ("bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", None),  # P2WPKH
    ("bitcoin", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("bitcoin", "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3", None),  # P2WSH
    ("bitcoin", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", None),  # P2TR
    ("bitcoin", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", None),
    ("bitcoin", "bc1sw50qgdz25j", None),  # a later witness version
    ("litecoin", "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1", None),
    ("litecoin", "MQMcJhpWHYVeQArcZR3sBgyPZxxRtnH441", None),
    ("litecoin", "3J9TzpQYLReDbfaiTY4XN3izFGMyswQgCb", None),
    ("litecoin", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", None),
    ("dogecoin", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", None),
    ("dash", "XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2", None),
    ("zcash", "t1MMXtBrSp1XG38Lx9cePcNUCJj5vdWfUWL", None),
    ("bitcoin_gold", "GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", None),
    ("verge", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", None),
    ("ripple", "rnXyVQzgxZe7TR1EPzTkGj2jxH4LMJYh66", None),
    ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", None),
    ("solana", "11111111111111111111111111111111", None),  # the system program
    ("solana", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", None),
    ("solana", "5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1", None),  # off the curve: owned by a program
    ("bitcoin_cash", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", None),
    ("bitcoin_cash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
     "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("bitcoin_cash", "BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A",
     "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("bitcoin_cash", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("bitcoin_cash", "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq", None),
    ("bitcoin_cash", "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq"),
    ("bsc", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045", "0xd8da6bf26964af9d7eed9e03e53415d37aa96045"),
]  # fmt: skip

INVALID = [
    ("bad_checksum", "bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
    ("bad_checksum", "bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
    (
        "bad_checksum",
        "bitcoin",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    ),  # bech32, not m
    ("bad_checksum", "tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u"),
    ("bad_checksum", "bitcoin_cash", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q"),
    ("bad_checksum", "polygon", "0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
    ("bad_address", "bitcoin", "bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),  # two cases mixed
    ("bad_address", "bitcoin", "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1"),  # another chain's
    ("bad_address", "bitcoin", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),  # of the test network
    ("bad_address", "bitcoin", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"),
    ("bad_address", "bitcoin", "0x" + "12" * 20),
    ("bad_address", "bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0"),  # 0 is not of the alphabet
    ("bad_address", "bitcoin", "1" * 91),
    ("bad_address", "solana", "1" * 31),
    ("bad_address", "solana", SOLANA_SIGNATURE),
    ("bad_checksum", "tron", "41" + "ab" * 20),
    ("bad_address", "ripple", ""),
    ("bad_address", "zcash", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("unknown_chain", "narnia", "x"),
    ("bad_address", "monero", "x"),
    ("unknown_chain", "Bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
]


@pytest.mark.parametrize(("chain", "address", "stored"), VALID)
def test_real_addresses_are_accepted_in_their_stored_form(
    chain: str, address: str, stored: str | None
) -> None:
    assert normalise_address(chain, address) == (stored or address)
    assert normalise_address(chain, stored or address) == (stored or address)


@pytest.mark.parametrize(("reason", "chain", "address"), INVALID)
def test_what_nobody_can_own_is_refused_with_its_reason(reason: str, chain: str, address: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        normalise_address(chain, address)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("chain", "given_hash", "stored"),
    [
        ("ethereum", "0x" + "Ab" * 32, "0x" + "ab" * 32),
        ("bitcoin", "AB" * 32, "ab" * 32),
        ("tron", "ab" * 32, "ab" * 32),
        ("ripple", "AB" * 32, "ab" * 32),
        ("solana", SOLANA_SIGNATURE, SOLANA_SIGNATURE),
    ],
)
def test_hashes_are_stored_in_one_form(chain: str, given_hash: str, stored: str) -> None:
    assert normalise_hash(chain, given_hash) == stored


@pytest.mark.parametrize(
    ("chain", "given_hash"),
    [
        ("ethereum", "ab" * 32),
        ("bitcoin", "0x" + "ab" * 32),
        ("bitcoin", "ab" * 31),
        ("tron", ""),
        ("solana", "ab" * 32),
        ("solana", SOLANA_SIGNATURE[:-5]),
        ("solana", "0" + SOLANA_SIGNATURE[1:]),
    ],
)
def test_a_hash_of_another_form_is_refused(chain: str, given_hash: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        normalise_hash(chain, given_hash)
    assert caught.value.reason == "bad_hash"


@given(
    st.sampled_from(sorted(CHAINS)),
    st.text(max_size=100) | st.text("0123456789abcdefxXbc1:qpzr", max_size=100),
)
def test_nothing_but_an_invalid_event_escapes(chain: str, text: str) -> None:
    for normalised in (normalise_address, normalise_hash):
        try:
            stored = normalised(chain, text)
        except InvalidEvent:
            continue
        assert normalised(chain, stored) == stored


@pytest.mark.skipif(not OFAC.is_dir(), reason="the OFAC lists are not beside the project")
@pytest.mark.parametrize(
    ("symbol", "chain", "refused"),
    [
        ("XBT", "bitcoin", 1),  # a TRON address stands in that list
        ("ETH", "ethereum", 0),
        ("LTC", "litecoin", 0),
        ("BCH", "bitcoin_cash", 0),
        ("BSV", "bitcoin_sv", 0),
        ("BTG", "bitcoin_gold", 0),
        ("DASH", "dash", 0),
        ("TRX", "tron", 0),
        ("XRP", "ripple", 0),
        ("XVG", "verge", 0),
        ("ZEC", "zcash", 0),
    ],
)
def test_sanctioned_addresses_are_accepted(symbol: str, chain: str, refused: int) -> None:
    lines = (OFAC / f"sanctioned_addresses_{symbol}.txt").read_text().split()
    faults = []
    for line in lines:
        try:
            normalise_address(chain, line)
        except InvalidEvent as exc:
            faults.append((line, exc.reason))
    assert lines
    assert len(faults) == refused, faults
