"""Every event of the contract on EVM chains, as Hypothesis makes them up."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

from hypothesis import strategies as st

from app.chains.addresses import EVM_CHAINS
from app.domain import MAX_AMOUNT, MAX_BLOCK_NUMBER, MAX_INDEX, Retraction, Transfer, TransferKind

addresses = st.binary(min_size=20, max_size=20).map(lambda b: f"0x{b.hex()}")
hashes = st.binary(min_size=32, max_size=32).map(lambda b: f"0x{b.hex()}")
moments = st.datetimes(
    datetime.fromisoformat("2009-01-02"), datetime.fromisoformat("2100-12-30"), timezones=st.just(UTC)
)
usd_values = st.builds(
    lambda whole, places, digits: Decimal((0, tuple(map(int, str(whole % 10**digits))), -places)),
    st.integers(0, 10**40), st.integers(0, 18), st.integers(1, 30),
)  # fmt: skip
assets = st.one_of(addresses, st.from_regex(r"[A-Za-z1-9._-][A-Za-z0-9._-]{0,127}", fullmatch=True))
chains = st.sampled_from(sorted(EVM_CHAINS))
indexes = st.integers(0, MAX_INDEX)
# What a tag may hold, with the marks that JSON escapes among it.
tags = st.text(
    st.sampled_from('"\\/') | st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Zs")),
    min_size=1,
    max_size=256,
)
transfers = st.builds(
    Transfer,
    chain=chains,
    transaction_hash=hashes,
    transfer_index=indexes,
    block_number=st.integers(0, MAX_BLOCK_NUMBER),
    transaction_index=indexes,
    occurred_at=moments,
    sender=addresses,
    receiver=addresses,
    asset=assets,
    amount=st.integers(0, MAX_AMOUNT),
    decimals=st.none() | st.integers(0, 255),
    usd_value=st.none() | usd_values,
    block_hash=st.none() | hashes,
    observed_at=st.none() | moments,
    initiator=st.none() | addresses,
    kind=st.none() | st.sampled_from(get_args(TransferKind.__value__)),
    sender_tag=st.none() | tags,
    receiver_tag=st.none() | tags,
)
retractions = st.builds(
    Retraction,
    chain=chains,
    transaction_hash=hashes,
    asset=assets,
    transfer_index=st.none() | indexes,
    observed_at=moments,
    block_number=st.none() | st.integers(0, MAX_BLOCK_NUMBER),
    block_hash=st.none() | hashes,
)
