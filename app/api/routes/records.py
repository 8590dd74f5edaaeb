"""The content of the record: a wallet's transfers and labels, all labels, refused messages."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.answers.cursors import decode_cursor, encode_cursor
from app.api.dependencies import AppServices
from app.api.params import Cursor, Limit, WalletReference
from app.api.problems import errors
from app.api.responses import example
from app.labels.answers import HISTORY, LABELS, LabelHistory, Labels
from app.labels.lookup import current_labels, label_history
from app.policy.policy import load_policy
from app.record.dead_letters import DEAD_LETTERS, DeadLetters, list_dead_letters
from app.record.transfers import (
    TRANSFERS,
    WAITING,
    WaitingTransfers,
    WalletTransfers,
    waiting_transfers,
    wallet_transfers,
)
from app.record.wallets import find_wallet

router = APIRouter(tags=["the record"])


@router.get(
    "/wallets/{wallet}/transfers",
    responses=example(200, TRANSFERS) | errors(401, 404, 409, 422, 503),
)
def get_transfers(
    services: AppServices, wallet: WalletReference, limit: Limit = 50, cursor: Cursor = None
) -> WalletTransfers:
    """The transfers that moved the wallet's money, latest first."""
    with services.postgres.transaction(snapshot=True) as connection:
        return wallet_transfers(connection, find_wallet(connection, wallet), limit, cursor)


@router.get("/transfers/waiting", responses=example(200, WAITING) | errors(401, 422, 503))
def get_waiting_transfers(
    services: AppServices,
    transaction_hash: Annotated[
        str | None, Query(max_length=100, description="Only those of this transaction.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> WaitingTransfers:
    """Transfers that do not count now, since their transaction lives in another block.

    Nothing has retracted them: each lives as soon as the live one is retracted. `next` belongs to the same
    transaction: send it again with it.
    """
    with services.postgres.transaction(snapshot=True) as connection:
        return waiting_transfers(connection, transaction_hash, limit, cursor)


@router.get("/wallets/{wallet}/labels", responses=example(200, HISTORY) | errors(401, 422, 503))
def get_label_history(services: AppServices, wallet: WalletReference) -> LabelHistory:
    """Every label a wallet ever had, with the times of its recording and removal; also of unknown wallets."""
    with services.postgres.transaction() as connection:
        return LabelHistory(labels=label_history(connection, wallet))


@router.get("/labels", responses=example(200, LABELS) | errors(401, 422, 503))
def get_labels(
    services: AppServices,
    *,
    wallet: Annotated[
        str | None, Query(max_length=200, description="Only labels of an address, or of `chain:address`.")
    ] = None,
    source: Annotated[str | None, Query(max_length=200, description="Only labels of this source.")] = None,
    category: Annotated[str | None, Query(max_length=40, description="Only labels of this category.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Labels:
    """The current labels by chain, address and source, with the effective one of each wallet.

    `next` belongs to the same filters: send them again with it.
    """
    page = current_labels(
        services.postgres,
        load_policy(services.settings.policy_file).label_rules,
        wallet=wallet,
        source=source,
        category=category,
        limit=limit,
        after=None if cursor is None else decode_cursor(cursor, 1)[0],
    )
    return Labels(
        total=page.total,
        labels=page.labels,
        next=None if page.last_id is None else encode_cursor(page.last_id),
    )


@router.get("/dead-letters", responses=example(200, DEAD_LETTERS) | errors(401, 422, 503))
def get_dead_letters(
    services: AppServices,
    reason: Annotated[str | None, Query(max_length=40, description="Only messages of this reason.")] = None,
    limit: Limit = 50,
) -> DeadLetters:
    """The latest refused messages with origin and reason; `aml dead-letters` replays them."""
    return list_dead_letters(services.postgres, reason=reason, limit=limit)
