"""Tags inside of addresses, by the examples of the standards that define them."""

import pytest

from app.chains.tags import is_tag, split_tag

ACCOUNT = "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"
KEY = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"


@pytest.mark.parametrize(
    ("text", "address", "tag"),
    [
        # XLS-5, of Ripple
        ("X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ", ACCOUNT, None),
        ("X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", ACCOUNT, "1"),
        ("ripple:X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", f"ripple:{ACCOUNT}", "1"),
        # SEP-23, of Stellar
        ("MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ", KEY, "0"),
        ("MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK", KEY, "9223372036854775808"),
        (f"{ACCOUNT}?dt=1042", ACCOUNT, "1042"),
        (f"xrp:{ACCOUNT}?dt=7&amount=3", f"xrp:{ACCOUNT}", "7"),
        # no tag: a wrong checksum, another link, a page, plain addresses
        ("X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fv", None, None),
        (f"{ACCOUNT}?amount=3", None, None),
        ("https://xrpscan.com/account/r9?dt=1", None, None),
        ("0x" + "ab" * 20, None, None),
        ("", None, None),
    ],
)
def test_a_tag_is_taken_out_of_an_address(text: str, address: str | None, tag: str | None) -> None:
    assert split_tag(text) == (text if address is None else address, tag)


@pytest.mark.parametrize("text", ["", " 1", "1 ", "a\nb", "a\u202eb", "x" * 257, "\x00"])
def test_what_is_no_tag(text: str) -> None:
    assert not is_tag(text)


@pytest.mark.parametrize("text", ["0", "x" * 256, "a b", "Überweisung 7: 💸\u200d", '"\\'])
def test_what_is_a_tag(text: str) -> None:
    assert is_tag(text)
