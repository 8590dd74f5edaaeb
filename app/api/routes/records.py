"""The content of the record: a wallet's transfers and labels, all labels, refused messages."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from app.answers.cursors import decode_cursor, encode_cursor
from app.answers.lists import LISTS, Lists
from app.answers.names import TransferWay
from app.answers.values.moments import Moment
from app.answers.vocabulary import refuse_unknown
from app.api.dependencies import AppServices
from app.api.list_cursor import Cursor
from app.api.params import (
    DEFAULT_LIMIT,
    PLAIN_TEXT,
    WALLET_PATTERN,
    Asset,
    Counterparty,
    LeastUnits,
    LeastUsd,
    Limit,
    Since,
    Until,
    WalletReference,
    WithTotal,
)
from app.api.responses import errors, example
from app.chains.tags import split_tag
from app.chains.transaction_reference import MAX_HASH_LENGTH
from app.chains.wallet_reference import wallet_on
from app.errors import InvalidEvent, InvalidInput, UnknownAddress
from app.labels.answers import HISTORY, LABELS, LabelHistory, Labels
from app.labels.lists import recorded_lists
from app.labels.lookup import current_labels, label_history_page
from app.labels.store import LabelRow, import_labels
from app.policy.policy import load_policy
from app.record.transfer_filter import WalletTransferFilter, counterparty_of
from app.record.transfers import (
    TRANSACTION,
    TRANSFERS,
    WAITING,
    TransactionTransfers,
    WaitingTransfers,
    WalletTransfers,
    recorded_of_transaction,
    tagged_transfers,
    waiting_transfers,
    wallet_transfers,
)
from app.record.wallets import find_wallet
from app.runs.naming.named import with_names
from app.screening.subjects import AddressText, ChainText, TagText

router = APIRouter(tags=["the record"])
LabelText = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


@router.get(
    "/wallets/{wallet}/transfers",
    responses=example(200, TRANSFERS) | errors(404, 409),
)
def list_wallet_transfers(
    services: AppServices,
    wallet: WalletReference,
    *,
    way: Annotated[TransferWay | None, Query(description="Only what it received, or what it sent.")] = None,
    counterparty: Counterparty = None,
    asset: Asset = None,
    since: Since = None,
    until: Until = None,
    least_usd: LeastUsd = None,
    least_units: LeastUnits = None,
    without_flow: Annotated[
        bool, Query(description="Those that moved no money instead: of amount zero, and to itself.")
    ] = False,
    tag: Annotated[
        TagText | None,
        Query(description="Those that name this tag on the wallet's side, last recorded first."),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> WalletTransfers:
    """The transfers that moved the wallet's money, latest first, or those that moved none, or of one tag.

    `next` belongs to the same filters: send it again with them.
    """
    if tag is not None and without_flow:
        raise InvalidInput("Ask for the transfers of a tag, or for those without flow.", name="without_flow")
    with services.postgres.transaction(snapshot=True) as connection:
        known = find_wallet(connection, wallet)
        other = counterparty_of(connection, known, counterparty)
        only = WalletTransferFilter(way, other, asset, since, until, least_usd, least_units)
        if tag is not None:
            if not only.is_open:
                raise InvalidInput("Ask for the transfers of a tag without other filters.", name="tag")
            of_tag = tagged_transfers(connection, known, tag, limit, cursor, with_total=with_total)
            return with_names(connection, of_tag)
        transfers = wallet_transfers(
            connection, known, limit, cursor, only=only, without_flow=without_flow, with_total=with_total
        )
        return with_names(connection, transfers)


@router.get("/transactions/{transaction_hash}", responses=example(200, TRANSACTION) | errors(404))
def get_transaction(
    services: AppServices,
    transaction_hash: Annotated[
        str,
        Path(
            max_length=MAX_HASH_LENGTH,
            json_schema_extra={"pattern": r"^\s*[0-9A-Za-z]+\s*$"},
            description="As its chain writes it.",
            examples=["0x" + "11" * 32],
        ),
    ],
    *,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> TransactionTransfers:
    """Every transfer that was ever recorded of a transaction, and whether each counts now."""
    with services.postgres.transaction(snapshot=True) as connection:
        transfers = recorded_of_transaction(
            connection, transaction_hash, limit, cursor, with_total=with_total
        )
        return with_names(connection, transfers)


@router.get("/transfers/waiting", responses=example(200, WAITING))
def list_waiting_transfers(
    services: AppServices,
    transaction_hash: Annotated[
        str | None,
        Query(max_length=100, pattern=PLAIN_TEXT, description="Only those of this transaction."),
    ] = None,
    *,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> WaitingTransfers:
    """Transfers that do not count now, since their transaction lives in another block.

    Nothing has retracted them: each lives as soon as the live one is retracted. `next` belongs to the same
    transaction: send it again with it.
    """
    with services.postgres.transaction(snapshot=True) as connection:
        return waiting_transfers(connection, transaction_hash, limit, cursor, with_total=with_total)


@router.get("/wallets/{wallet}/labels", responses=example(200, HISTORY))
def list_wallet_labels(
    services: AppServices,
    wallet: WalletReference,
    *,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> LabelHistory:
    """Every label a wallet ever had, with the times of its recording and removal; also of unknown wallets."""
    with services.postgres.transaction(snapshot=True) as connection:
        return label_history_page(connection, wallet, limit, cursor, with_total=with_total)


class LabelRequest(BaseModel):
    """One source's statement about one wallet, or one tag of it; `confidence` and the dates may change."""

    model_config = ConfigDict(extra="forbid")
    chain: ChainText
    address: AddressText
    category: str | None = Field(
        default=None, max_length=40, description="Null: it only names the wallet.", examples=["mixer"]
    )
    name: LabelText = Field(examples=["Example mixer: 1 ETH"])
    source: LabelText = Field(examples=["our desk"])
    confidence: StrictInt = Field(default=100, ge=0, le=100, examples=[90])
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    tag: TagText | None = Field(
        default=None,
        description="Memo or destination tag whose user it is about; null: the whole address.",
        examples=["1042"],
    )


class LabelsRequest(BaseModel):
    """Labels to record; all or none are."""

    model_config = ConfigDict(extra="forbid")
    labels: list[LabelRequest] = Field(min_length=1, max_length=1_000)


class LabelsAdded(BaseModel):
    """What the labels changed in the record."""

    added: int = Field(examples=[1])
    unchanged: int = Field(examples=[0])
    updated: int = Field(description="In confidence or validity.", examples=[0])


@router.post("/labels", responses=example(200, LabelsAdded(added=1, unchanged=0, updated=0)))
def add_labels(services: AppServices, request: LabelsRequest) -> LabelsAdded:
    """Records labels, as `aml import labels` does; the same again changes nothing. The next run uses them."""
    categories = load_policy(services.settings.policy_file).categories
    rows = [_label_row(label, f"labels.{number}") for number, label in enumerate(request.labels)]
    return LabelsAdded.model_validate(
        import_labels(services.postgres, rows, categories), from_attributes=True
    )


def _label_row(label: LabelRequest, origin: str) -> LabelRow:
    if label.valid_from and label.valid_to and label.valid_from >= label.valid_to:
        raise InvalidInput(f"{origin}: valid_to must be later than valid_from.", name=f"{origin}.valid_to")
    try:
        written, tag = split_tag(label.address)
    except InvalidEvent as exc:
        raise UnknownAddress(exc.reason, f"{origin}: {exc}", name=f"{origin}.address") from exc
    chain, address = wallet_on(label.chain, written, origin)
    fields = label.model_dump() | {"chain": chain, "address": address, "category": label.category or None}
    fields["tag"] = label.tag or tag
    return LabelRow(**fields, origin=origin)


@router.get("/labels", responses=example(200, LABELS))
def list_labels(
    services: AppServices,
    *,
    wallet: Annotated[
        str | None,
        Query(
            max_length=200,
            json_schema_extra={"pattern": WALLET_PATTERN},
            description="Only labels of an address, or of `chain:address`.",
        ),
    ] = None,
    source: Annotated[
        str | None, Query(max_length=200, pattern=PLAIN_TEXT, description="Only labels of this source.")
    ] = None,
    category: Annotated[
        str | None, Query(max_length=40, pattern=PLAIN_TEXT, description="Only labels of this category.")
    ] = None,
    tag: Annotated[TagText | None, Query(description="Only labels of this tag of an address.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> Labels:
    """The current labels by chain, address and source, with the effective one of each wallet.

    `next` belongs to the same filters: send them again with it.
    """
    policy = load_policy(services.settings.policy_file)
    page = current_labels(
        services.postgres,
        policy.label_rules,
        wallet=wallet,
        source=source,
        category=category,
        tag=tag,
        limit=limit,
        after=None if cursor is None else decode_cursor(cursor, 1)[0],
        with_total=with_total,
    )
    refuse_unknown(category, policy.categories, name="category", what="category", found=page.labels)
    return Labels(
        labels=page.labels,
        next=None if page.last_id is None else encode_cursor(page.last_id),
        total=page.total,
    )


@router.get("/labels/lists", responses=example(200, LISTS))
def list_lists(services: AppServices) -> Lists:
    """The lists that labels were imported from: entries, digest, when each was read, and which are stale."""
    with services.postgres.transaction() as connection:
        return recorded_lists(connection, services.settings.list_max_age_days)
