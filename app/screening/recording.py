"""Screenings as they are recorded: the draft of a subject, what its wallets make of it, its number."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.answers.names import ScreeningCause
from app.answers.screenings import ScreenedWallet, Screening
from app.screening import store
from app.screening.computing.base import Moment
from app.screening.store import References
from app.screening.subjects import MAX_ADDRESS_TEXT, Subject
from app.screening.wallets import NOTHING_RECORDED, riskiest


def draft_of(moment: Moment, subject: Subject) -> Screening:
    """The screening of a subject before anything is known of it."""
    fields = subject.model_dump(mode="json", exclude={"reference", "customer_reference"}, exclude_none=True)
    # No text of PostgreSQL can hold this character; people paste it without seeing it.
    asked: Any = {
        name: value[:MAX_ADDRESS_TEXT].replace("\x00", "\ufffd") if isinstance(value, str) else value
        for name, value in fields.items()
    }
    return Screening(
        screening_id=0,
        recorded_at=moment.now,
        answered_at=moment.now,
        cause="request",
        subject=subject.type,
        asked=asked,
        status="complete",
        risk_level=None,
        score=None,
        computed_from=moment.computed_from,
    )


def of_wallets(draft: Screening, wallets: Sequence[ScreenedWallet], moment: Moment) -> Screening:
    """The screening of the wallets that an address means: as the riskiest of them."""
    if not wallets:
        return draft.model_copy(update={"status": "never_seen", "detail": NOTHING_RECORDED})
    ordered = riskiest(wallets)
    first = ordered[0]
    statuses = {one.status for one in ordered}
    status = (
        "incomplete" if "incomplete" in statuses else "complete" if "complete" in statuses else "never_seen"
    )
    score = first.wallet_score
    why = dict.fromkeys(reason for one in ordered for reason in one.wallet_score.incomplete_reasons)
    return draft.model_copy(
        update={
            "status": status,
            "detail": " ".join(why) or None,
            "risk_level": score.risk_level,
            "score": score.score,
            "flags": sorted({flag for one in ordered for flag in one.wallet_score.flags}),
            "main_reason": score.main_reason,
            "reasons": score.reasons,
            "amounts": score.amounts,
            "source_coverage": score.source_coverage,
            "notes": list(dict.fromkeys(note for one in ordered for note in one.wallet_score.notes)),
            "wallets": ordered,
            "computed_from": moment.computed_from.model_copy(
                update={"origin": first.computed_by, "watermark": first.watermark}
            ),
        }
    )


def references_of(subject: Subject) -> References:
    """The caller's references of a subject."""
    return References(subject.reference, subject.customer_reference)


def record(
    connection: Connection,
    screenings: Sequence[Screening],
    references: Sequence[References],
    moment: Moment,
    cause: ScreeningCause,
) -> list[Screening]:
    """Writes screenings, each with its number; the references stand beside them under a random id."""
    reference_ids = store.reference_ids(connection, references)
    numbered = [
        one.model_copy(
            update={
                "screening_id": number,
                "reference_id": reference_id,
                "cause": cause,
                "answered_at": None if one.status == "pending" else moment.now,
            }
        )
        for one, number, reference_id in zip(screenings, moment.numbers, reference_ids, strict=True)
    ]
    store.insert(connection, numbered)
    return numbered
