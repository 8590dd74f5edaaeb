"""What the record holds as it stands: a wallet's transfers and labels, all labels, refused messages."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.answers.cursors import decoded, encoded
from app.api.dependencies import Use
from app.api.params import Cursor, Limit, WalletReference
from app.api.problems import documented
from app.api.responses import answers
from app.labels.answers import HISTORY, LABELS, LabelHistory, Labels
from app.labels.lookup import current_labels, label_history
from app.policy.policy import load_policy
from app.record.dead_letters import DEAD_LETTERS, DeadLetters, list_dead_letters
from app.record.transfers import TRANSFERS, WalletTransfers, wallet_transfers
from app.record.wallets import find_wallet

router = APIRouter(tags=["the record"])


@router.get(
    "/wallets/{wallet}/transfers", responses=answers(200, TRANSFERS) | documented(401, 404, 409, 422, 503)
)
def get_transfers(
    use: Use, wallet: WalletReference, limit: Limit = 50, cursor: Cursor = None
) -> WalletTransfers:
    """The transfers that moved the wallet's money, latest first."""
    with use.postgres.transaction(snapshot=True) as connection:
        return wallet_transfers(connection, find_wallet(connection, wallet), limit, cursor)


@router.get("/wallets/{wallet}/labels", responses=answers(200, HISTORY) | documented(401, 422, 503))
def get_label_history(use: Use, wallet: WalletReference) -> LabelHistory:
    """Every label the wallet ever had, with when it was recorded and removed; also of one never seen."""
    with use.postgres.transaction() as connection:
        return LabelHistory(labels=label_history(connection, wallet))


@router.get("/labels", responses=answers(200, LABELS) | documented(401, 422, 503))
def get_labels(
    use: Use,
    *,
    wallet: Annotated[
        str | None, Query(max_length=200, description="Only those of an address, or of `chain:address`.")
    ] = None,
    source: Annotated[str | None, Query(max_length=200, description="Only those of this source.")] = None,
    category: Annotated[str | None, Query(max_length=40, description="Only those of this category.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Labels:
    """The labels of now by chain, address and source, and which of them speaks for its wallet.

    `next` belongs to the same filters: send them again with it.
    """
    found = current_labels(
        use.postgres,
        load_policy(use.settings.policy_file).severities,
        wallet=wallet,
        source=source,
        category=category,
        limit=limit,
        after=None if cursor is None else decoded(cursor, 1)[0],
    )
    return Labels(
        total=found.total,
        labels=found.labels,
        next=None if found.last_id is None else encoded(found.last_id),
    )


@router.get("/dead-letters", responses=answers(200, DEAD_LETTERS) | documented(401, 422, 503))
def get_dead_letters(
    use: Use,
    reason: Annotated[str | None, Query(max_length=40, description="Only those of this reason.")] = None,
    limit: Limit = 50,
) -> DeadLetters:
    """The latest refused messages, each with where it came from and why; `aml dead-letters` replays them."""
    return list_dead_letters(use.postgres, reason=reason, limit=limit)
