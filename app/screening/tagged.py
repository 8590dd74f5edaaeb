"""Labels of one tag of an address: they count for who asks for that tag, and everybody sees them.

What the address holds is one pool, whoever's tag a payment has; so runs, graph and paths know no tags.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.answers.screenings import ScreenedTransfer, ScreenedWallet, Screening
from app.chains.wallet_reference import Candidate
from app.labels.effective import EffectiveLabel
from app.ledger.cells import SOURCE
from app.runs.judgement.reasons import reasons_of
from app.screening.computing.base import Base, Moment
from app.screening.known import Known, read_known
from app.screening.payments import cell_of_label, judged_payment
from app.screening.raising import raised
from app.screening.wallets import raised_by_label, screened_label

OTHER_TAGS: Final = "Labels of this address are about other tags than {}, and do not count here."
NO_TAG: Final = "Labels of this address are about single tags: screen it with the tag of the payment."
FROM_TAG: Final = "The tag {} of its sender is labelled: {}"
_WITH_TAG: Final = "Of the tag {}: {}"


def with_tag(
    base: Base, known: Known, wallet: ScreenedWallet, tag: str | None, now: datetime
) -> ScreenedWallet:
    """The answer about the address, raised by what its tag's label says, with the labels of all its tags."""
    current = [one for one in known.tagged if one.removed_at is None or one.removed_at > now]
    if not current and tag is None:
        return wallet
    label = known.of_tag(base.policy, tag, now)
    score = wallet.wallet_score
    if label is not None and label.category in base.policy.categories:
        score = raised_by_label(base, score.wallet, score, label)
    elif current:
        note = NO_TAG if tag is None else OTHER_TAGS.format(tag)
        is_other = any(one.tag != tag for one in current)
        score = score.model_copy(update={"notes": [*score.notes, *([note] if is_other else [])]})
    labels = [screened_label(one, label, tag) for one in current]
    return wallet.model_copy(update={"tag": tag, "wallet_score": score, "labels": [*wallet.labels, *labels]})


def with_sender_tag(connection: Connection, moment: Moment, screening: Screening) -> Screening:
    """The screening of a deposit, with what a label of its sender's tag says of the money."""
    transfer = screening.transfer
    if transfer is None or transfer.sender_tag is None:
        return screening
    base = moment.base
    ((known,),) = read_known(connection, [[Candidate(transfer.chain, transfer.sender)]], None, base.policy)
    label = known.of_tag(base.policy, transfer.sender_tag, moment.now)
    if label is None or label.category not in base.policy.categories:
        return screening
    sentence = FROM_TAG.format(transfer.sender_tag, f"{label.category}, {label.name} ({label.source}).")
    noted = screening.model_copy(update={"notes": [*screening.notes, sentence]})
    return _raised(base, noted, transfer, label)


def _raised(base: Base, screening: Screening, transfer: ScreenedTransfer, label: EffectiveLabel) -> Screening:
    layout, cell = cell_of_label(base.policy, label)
    is_known = base.policy.is_registered(transfer.chain, transfer.asset) or transfer.usd_value is not None
    judged = judged_payment(
        base.policy, layout, cell, int(transfer.amount), transfer.usd_value, is_known=is_known, way=SOURCE
    )
    tag = str(transfer.sender_tag)
    reasons = [
        one.model_copy(update={"sentence": _WITH_TAG.format(tag, one.sentence), "decides": False})
        for one in reasons_of(base.policy, layout.columns, judged, None)
    ]
    return raised(screening, judged, reasons)


def tagged_wallets(
    base: Base, known: Sequence[Known], wallets: Sequence[ScreenedWallet], tag: str | None, now: datetime
) -> list[ScreenedWallet]:
    """Each of a subject's wallets as `with_tag` gives it."""
    return [with_tag(base, one, wallet, tag, now) for one, wallet in zip(known, wallets, strict=True)]
