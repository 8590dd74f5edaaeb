"""The subjects of one call while they are screened: the wallets they mean, and what is computed of those."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from app.answers.names import ScreeningOrigin
from app.answers.screenings import ScreenedWallet, Screening
from app.chains.wallet_reference import Candidate, refuse_hash
from app.errors import InvalidInput, UnknownAddress
from app.labels.effective import EffectiveLabel
from app.record.freshness import changed_transfers
from app.record.wallets import KnownWallet
from app.screening.computing.base import Base, Moment, Stores
from app.screening.computing.waiting import NO_PATHS
from app.screening.known import Known, read_known
from app.screening.payments import with_payment
from app.screening.recording import draft_of, of_wallets
from app.screening.subjects import (
    Subject,
    TransferSubject,
    WalletSubject,
    WithdrawalSubject,
    candidates_of,
    tag_of,
)
from app.screening.tagged import tagged_wallets, with_sender_tag
from app.screening.wallets import Changes, Computed, From, answer, changes_of, needs_paths
from app.stores.limits import Work

if TYPE_CHECKING:
    from app.screening.computing.by_paths import PathScore

NO_ADDRESS = "Not an address: {}"


@dataclass
class Asked:
    """One subject while it is screened."""

    subject: Subject
    refused: tuple[str, str] | None = None
    candidates: Sequence[Candidate] = ()
    known: Sequence[Known] = ()
    deposit: Screening | None = None


class Seen(NamedTuple):
    """A wallet with what touched it since the run, and the label it has now."""

    known: Known
    changes: Changes
    label: EffectiveLabel | None


SeenWallets = Mapping[KnownWallet, Seen]


class Found(NamedTuple):
    """What was computed now by wallet_id, and of others why it was not."""

    computed: Mapping[int, Computed]
    failed: Mapping[int, str]


NOTHING_COMPUTED = Found({}, {})


def asked_of(subject: Subject) -> Asked:
    """A subject with the wallets that its address may mean, or why it is no address."""
    asked = Asked(subject)
    if isinstance(subject, TransferSubject):
        return asked
    address = subject.address if isinstance(subject, WalletSubject) else subject.destination
    try:
        asked.candidates = candidates_of(address, subject.chain)
    except InvalidInput as exc:
        reason = exc.reason if isinstance(exc, UnknownAddress) else "bad_address"
        asked.refused = reason, NO_ADDRESS.format(exc)
    return asked


def read_seen(connection: Connection, moment: Moment, subjects: Sequence[Asked]) -> SeenWallets:
    """The wallets of all subjects, each once, with what touched it since the run; subjects get theirs."""
    base = moment.base
    run_id = None if base.run is None else base.run.run_id
    asking = [one for one in subjects if one.candidates]
    if not asking:
        return {}
    found = read_known(connection, [one.candidates for one in asking], run_id, base.policy)
    for one, wallets in zip(asking, found, strict=True):
        one.known = wallets
        if not wallets:
            _refuse_hash(one)
    known = {one.wallet: one for wallets in found for one in wallets}
    transfers: dict[int, int] = {}
    if base.run is not None:
        changed = [w.wallet_id for w, one in known.items() if one.changed_in > base.run.watermark]
        transfers = changed_transfers(connection, changed, base.run.watermark)
    return {
        wallet: Seen(one, *changes_of(base, one, moment.now, transfers.get(wallet.wallet_id, 0)))
        for wallet, one in known.items()
    }


def _refuse_hash(asked: Asked) -> None:
    try:
        refuse_hash(asked.candidates)
    except UnknownAddress as exc:
        asked.refused = exc.reason, NO_ADDRESS.format(exc)


def compute(stores: Stores, base: Base, seen: Iterable[Seen], source: From) -> Found:
    """What is computed now, and why the rest was not."""
    wallets = list(seen)
    if source == "ledger" and base.run is not None:
        from app.screening.by_ledger import scores_by_ledger  # noqa: PLC0415 - loads a compiler

        ids = [one.known.wallet.wallet_id for one in wallets if one.known.wallet.is_seen]
        return Found(scores_by_ledger(stores.postgres.during(Work.RUN), base, ids), {})
    asking = [one for one in wallets if needs_paths(base, one.known, one.changes, source)]
    if not asking:
        return NOTHING_COMPUTED
    from app.screening.computing.by_paths import scores_by_paths  # noqa: PLC0415 - most need none
    from app.screening.computing.since_run import RunRows  # noqa: PLC0415 - likewise

    ids = [one.known.wallet.wallet_id for one in asking]
    if stores.graph is None:
        return Found({}, dict.fromkeys(ids, f"{NO_PATHS}: there is no graph."))
    found = scores_by_paths(
        stores.postgres,
        stores.graph,
        base,
        ids,
        {one.known.wallet.wallet_id: one.label for one in asking},
        of_run={
            one.known.wallet.wallet_id: RunRows(one.known.row, one.known.exposures)
            for one in asking
            if source == "auto"
        },
        changed_in={one.known.wallet.wallet_id: one.known.changed_in for one in asking},
        seconds=stores.seconds,
        seconds_in_all=stores.seconds * (len(ids) if source == "paths" else 1),
    )
    assert base.run is not None  # noqa: S101 - paths are of a run's labels
    columns = base.run.columns
    return Found(
        {wallet_id: _computed(one, columns) for wallet_id, one in found.scores.items()}, dict(found.failed)
    )


def _computed(score: "PathScore", columns: Sequence[str]) -> Computed:
    origin: ScreeningOrigin = "run_and_paths" if score.since_run else "paths"
    return Computed(score.row, score.exposures, columns, score.watermark, origin)


def answers(
    connection: Connection, moment: Moment, subjects: Sequence[Asked], seen: SeenWallets, found: Found
) -> list[Screening]:
    """The screenings of the subjects, without their numbers."""
    wallets = {
        wallet: answer(
            connection,
            moment.base,
            one.known,
            label=one.label,
            changes=one.changes,
            computed=found.computed.get(wallet.wallet_id),
            failure=found.failed.get(wallet.wallet_id),
            policy_changed=moment.policy_changed,
            now=moment.now,
        )
        for wallet, one in seen.items()
    }
    return [_answer(connection, moment, one, _of_subject(moment, one, wallets)) for one in subjects]


def _of_subject(
    moment: Moment, asked: Asked, wallets: Mapping[KnownWallet, ScreenedWallet]
) -> list[ScreenedWallet]:
    """The answers about a subject's wallets, for the tag that it names."""
    mine = [wallets[known.wallet] for known in asked.known]
    return tagged_wallets(moment.base, asked.known, mine, tag_of(asked.subject), moment.now)


def _answer(
    connection: Connection, moment: Moment, asked: Asked, wallets: Sequence[ScreenedWallet]
) -> Screening:
    if asked.deposit is not None:
        return with_sender_tag(connection, moment, asked.deposit)
    draft = draft_of(moment, asked.subject)
    if asked.refused is not None:
        reason, detail = asked.refused
        return draft.model_copy(update={"status": "refused", "refused_reason": reason, "detail": detail})
    screening = of_wallets(draft, wallets, moment)
    if isinstance(asked.subject, WithdrawalSubject):
        return with_payment(connection, moment, asked.subject, (asked.candidates, asked.known), screening)
    return screening
