"""What can be screened, as a request says it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator

from app.chains.tags import MAX_TAG_CHARACTERS, TAG_PATTERN, is_tag, split_tag
from app.chains.wallet_reference import Candidate, normalise, normalise_on

MAX_SUBJECTS = 1_000
MAX_ADDRESS_TEXT = 500
"""So much of what somebody pastes as an address is kept; an explorer's URL is longer than the address."""

AddressText = Annotated[
    str,
    Field(
        description="In any spelling: also `chain:address`, `eip155:1:0x…`, or an explorer's URL.",
        examples=["0x00000000000000000000000000000000000000aa"],
    ),
]
ReferenceText = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")
]
TagText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TAG_CHARACTERS, pattern=TAG_PATTERN)]
ChainText = Annotated[
    str, Field(max_length=40, description="A name of `/v1/chains`, or a ticker.", examples=["ethereum"])
]


class _Subject(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    reference: ReferenceText | None = Field(
        default=None, description="The caller's own name of it.", examples=["deposit 4711"]
    )
    customer_reference: ReferenceText | None = Field(
        default=None,
        description="The caller's name of the customer. Deposits to all wallets with it are added up.",
        examples=["customer 12"],
    )


class _Tagged(_Subject):
    tag: TagText | None = Field(
        default=None,
        description="Memo or destination tag: labels of this tag of the address count too.",
        examples=["1042"],
    )


class WalletSubject(_Tagged):
    """A wallet: whatever is an address, on the chain it names, or on every chain where it is known.

    With a tag, as exchanges give them to their customers, it is this user of the address.
    """

    type: Literal["wallet"]
    address: AddressText
    chain: ChainText | None = None


class TransferSubject(_Subject):
    """A deposit: one transfer, by its index in the transaction or by the wallet that received it."""

    type: Literal["transfer"]
    transaction_hash: Annotated[str, Field(max_length=100, examples=["0x" + "11" * 32])]
    chain: ChainText | None = None
    transfer_index: StrictInt | None = Field(default=None, ge=0, le=2**16 - 1, examples=[0])
    receiver: AddressText | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "TransferSubject":
        if self.receiver is None and (self.transfer_index is None or self.chain is None):
            raise ValueError("name the receiver, or chain and transfer_index")
        return self


class WithdrawalSubject(_Tagged):
    """A payment that has not been sent: what, how much, and to whom."""

    type: Literal["withdrawal"]
    destination: AddressText
    chain: ChainText | None = None
    asset: str = Field(
        min_length=1,
        max_length=128,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+$",
        description="The coin's symbol, or the token's contract.",
        examples=["ETH"],
    )
    amount: str | None = Field(
        default=None, pattern=r"^\d{1,78}$", description="In base units.", examples=["2000000000000000000"]
    )
    units: str | None = Field(
        default=None,
        pattern=r"^\d{1,60}(\.\d{1,40})?$",
        description="In units of the asset, instead of `amount`.",
        examples=["2.5"],
    )
    usd_value: str | None = Field(
        default=None,
        pattern=r"^\d{1,15}(\.\d{1,18})?$",
        description="What it is worth; without it rules that look at USD cannot be judged by this payment.",
        examples=["4200.00"],
    )

    @model_validator(mode="after")
    def _one_amount(self) -> "WithdrawalSubject":
        if (self.amount is None) == (self.units is None):
            raise ValueError("give either amount (base units) or units")
        return self


Subject = Annotated[WalletSubject | TransferSubject | WithdrawalSubject, Field(discriminator="type")]


def tag_of(subject: Subject) -> str | None:
    """The tag that is asked for: beside the address, or in it."""
    if isinstance(subject, TransferSubject):
        return None
    address = subject.address if isinstance(subject, WalletSubject) else subject.destination
    written = split_tag(address).tag
    return subject.tag or (written if written is not None and is_tag(written) else None)


def candidates_of(address: str, chain: str | None) -> list[Candidate]:
    """The wallets that an address means, on a chain if one is named; a tag that is in it is left out.

    Raises:
        InvalidInput: it is no address, or none of that chain.
    """
    written = split_tag(address).address
    return normalise(written) if chain is None else normalise_on(chain, written)
