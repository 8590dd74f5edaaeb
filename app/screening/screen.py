"""Screens wallets, deposits and payments, and records each screening with a number.

`Screener.screen` is the one door: the API, the command line, pages and watchers come through it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from app.answers.names import ScreeningCause
from app.answers.screenings import ComputedFrom, ScreenedWallet, Screening, ScreeningVerification
from app.chains.wallet_reference import Candidate, refuse_hash
from app.errors import InvalidInput, UnknownAddress
from app.labels.effective import EffectiveLabel
from app.record.freshness import changed_transfers, digest_of_policy
from app.record.wallets import KnownWallet
from app.runs.listing import run_name
from app.screening import store
from app.screening.base import Base, BaseReader, Moment, Stores
from app.screening.deposits import of_transfer, with_retraction
from app.screening.known import Known, read_known
from app.screening.payments import with_payment
from app.screening.store import References
from app.screening.subjects import (
    MAX_ADDRESS_TEXT,
    Subject,
    TransferSubject,
    WalletSubject,
    WithdrawalSubject,
    candidates_of,
)
from app.screening.wallets import (
    Changes,
    Computed,
    From,
    answer,
    changes_of,
    needs_paths,
    riskiest,
)
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.postgres import Postgres

NO_ADDRESS = "Not an address: {}"
NO_REFERENCES = References()
Recorded = Callable[[Connection, Sequence[Screening]], None]
MAX_LIMITS = 10
"""How many times the limit of time all deposits of a call may take."""


@dataclass
class _Task:
    """One subject while it is screened."""

    subject: Subject
    refused: tuple[str, str] | None = None
    candidates: Sequence[Candidate] = ()
    known: Sequence[Known] = ()
    deposit: Screening | None = None


class _Seen(NamedTuple):
    """A wallet with what touched it since the run, and the label it has now."""

    known: Known
    changes: Changes
    label: EffectiveLabel | None


class Found(NamedTuple):
    """What was computed now by wallet_id, and of others why it was not."""

    computed: Mapping[int, Computed]
    failed: Mapping[int, str]


NOTHING_COMPUTED = Found({}, {})


class Screener:
    """Screens subjects against one record and its graph; made once a process, for what it keeps."""

    def __init__(self, postgres: Postgres, graph: Graph | None, settings: Settings) -> None:
        self._postgres = postgres
        self._graph = graph
        self._settings = settings
        self._reader = BaseReader(settings)

    def screen_wallet(
        self,
        address: str,
        *,
        chain: str | None = None,
        cause: ScreeningCause = "request",
        references: References = NO_REFERENCES,
        source: From = "auto",
    ) -> Screening:
        """Screens and records one wallet: whatever is an address, in any spelling.

        A text that is none gives a screening that is `refused`, and says why.

        Raises:
            DependencyMissing: the record does not answer.
        """
        subject = WalletSubject(
            type="wallet",
            address=address,
            chain=chain,
            reference=references.reference,
            customer_reference=references.customer_reference,
        )
        return self.screen([subject], cause=cause, source=source)[0]

    def screen(
        self,
        subjects: Sequence[Subject],
        *,
        cause: ScreeningCause = "request",
        source: From = "auto",
        recorded: Recorded | None = None,
    ) -> list[Screening]:
        """Screens these subjects, each by itself, and records them; the answers are in their order.

        Args:
            subjects: wallets, transfers, withdrawals.
            cause: why they are screened.
            source: `auto` takes the published run, and paths of the graph where something came after it.
            recorded: called with the numbered screenings in the transaction that records them; it may be
                tried again.

        Raises:
            DependencyMissing: the record does not answer.
            InvalidPolicy: there is no published run, and the policy file is not valid.
        """
        tasks = [_task(subject) for subject in subjects]
        with self._postgres.transaction(snapshot=True) as connection:
            moment = self._moment(connection)
            self._read_known(connection, moment.base, tasks)
            seen = self._seen(connection, moment, tasks)
            if recorded is None and self._is_known_already(moment.base, tasks, seen.values(), source):
                return _recorded(connection, moment, tasks, seen, cause=cause)
        found = self._compute(moment.base, list(seen.values()), source)
        self._screen_deposits(moment, tasks)

        def work(connection: Connection) -> list[Screening]:
            numbered = _recorded(connection, moment, tasks, seen, cause=cause, found=found)
            if recorded is not None:
                recorded(connection, numbered)
            return numbered

        return self._postgres.run(work)

    def answered(self, screening_id: int) -> Screening:
        """A screening as it was answered; one of a transfer is looked at again.

        A transfer that had not been seen is answered when it has arrived; one that was retracted later is
        marked so, once.

        Raises:
            NotFound: there is none of that number.
        """
        with self._postgres.transaction() as connection:
            screening = store.read(connection, screening_id)
        if screening.subject != "transfer" or screening.status == "refused":
            return screening
        return self._again(screening)

    def verify(self, screening_id: int) -> ScreeningVerification:
        """Computes a screening again from the record, and says what differs.

        Raises:
            NotFound: there is none of that number, or its scoring run is not there.
        """
        from app.screening.verify import verify  # noqa: PLC0415 - loads a compiler

        with self._postgres.transaction() as connection:
            screening = store.read(connection, screening_id)
        return verify(self._postgres.during(Work.BULK), screening)

    def _moment(self, connection: Connection) -> Moment:
        row = connection.execute(_MOMENT).one()
        base = self._reader.base(connection, row.run_id)
        digest = digest_of_policy(self._settings.policy_file)
        run = base.run
        return Moment(
            base,
            row.now,
            ComputedFrom(
                origin=None,
                watermark=None if run is None else run.watermark,
                run=None if run is None else run_name(run),
                policy_version=base.policy.version,
                policy_digest=base.policy.digest,
                label_set_digest=None if run is None else run.label_set_digest,
                labels_as_of=row.now,
                lists=self._reader.lists(connection),
                application_version=_VERSION,
            ),
            run is not None and digest is not None and digest != run.policy_digest,
        )

    def _seen(
        self, connection: Connection, moment: Moment, tasks: Sequence[_Task]
    ) -> dict[KnownWallet, _Seen]:
        """The wallets of all subjects, each once, with what touched it since the run."""
        base = moment.base
        known = {one.wallet: one for task in tasks for one in task.known}
        transfers: dict[int, int] = {}
        if base.run is not None:
            changed = [w.wallet_id for w, one in known.items() if one.changed_in > base.run.watermark]
            transfers = changed_transfers(connection, changed, base.run.watermark)
        return {
            wallet: _Seen(one, *changes_of(base, one, moment.now, transfers.get(wallet.wallet_id, 0)))
            for wallet, one in known.items()
        }

    def _read_known(self, connection: Connection, base: Base, tasks: Sequence[_Task]) -> None:
        run_id = None if base.run is None else base.run.run_id
        asking = [task for task in tasks if task.candidates]
        if not asking:
            return
        found = read_known(connection, [task.candidates for task in asking], run_id, base.policy)
        for task, known in zip(asking, found, strict=True):
            task.known = known
            if task.candidates and not known:
                _refuse_hash(task)

    def _compute(
        self,
        base: Base,
        seen: Sequence[_Seen],
        source: From,
    ) -> Found:
        """What is computed now, and why the rest was not."""
        if source == "ledger" and base.run is not None:
            from app.screening.by_ledger import scores_by_ledger  # noqa: PLC0415 - loads a compiler

            ids = [one.known.wallet.wallet_id for one in seen if one.known.wallet.is_seen]
            postgres = self._postgres.during(Work.RUN)
            return Found(scores_by_ledger(postgres, base, ids), {})
        asking = [one for one in seen if needs_paths(base, one.known, one.changes, source)]
        if not asking:
            return NOTHING_COMPUTED
        from app.screening.by_paths import NO_PATHS, scores_by_paths  # noqa: PLC0415 - most need none

        ids = [one.known.wallet.wallet_id for one in asking]
        if self._graph is None:
            return Found({}, dict.fromkeys(ids, f"{NO_PATHS}: there is no graph."))
        found = scores_by_paths(
            self._postgres,
            self._graph,
            base,
            ids,
            {one.known.wallet.wallet_id: one.label for one in asking},
            not_before=max(one.known.changed_in for one in asking),
            seconds=self._settings.screening_seconds,
            seconds_in_all=self._settings.screening_seconds * (len(ids) if source == "paths" else 1),
        )
        assert base.run is not None  # noqa: S101 - paths are of a run's labels
        return Found(
            {
                wallet_id: Computed(one.row, one.exposures, base.run.columns, one.watermark, "paths")
                for wallet_id, one in found.scores.items()
            },
            dict(found.failed),
        )

    def _is_known_already(
        self, base: Base, tasks: Sequence[_Task], seen: Iterable[_Seen], source: From
    ) -> bool:
        """Whether one transaction answers: nothing is computed or written that others write."""
        return (
            source != "ledger"
            and not any(isinstance(task.subject, TransferSubject) for task in tasks)
            and not any(references_of(task.subject) for task in tasks)
            and not any(needs_paths(base, one.known, one.changes, source) for one in seen)
        )

    def _screen_deposits(self, moment: Moment, tasks: Sequence[_Task]) -> None:
        deposits = [task for task in tasks if isinstance(task.subject, TransferSubject)]
        limit = self._settings.screening_seconds
        end = monotonic() + limit * min(max(len(deposits), 1), MAX_LIMITS)
        for task in deposits:
            assert isinstance(task.subject, TransferSubject)  # noqa: S101 - as they were chosen
            seconds = max(0.0, min(limit, end - monotonic()))
            draft, references = _draft(moment, task), references_of(task.subject)
            task.deposit = self._deposit(moment, task.subject, draft, references, seconds)

    def _deposit(
        self,
        moment: Moment,
        subject: TransferSubject,
        draft: Screening,
        references: References,
        seconds: float,
    ) -> Screening:
        stores = Stores(self._postgres, self._graph, seconds)
        return of_transfer(stores, moment, subject, draft, references)

    def _again(self, screening: Screening) -> Screening:
        if screening.status == "pending":
            with self._postgres.transaction(snapshot=True) as connection:
                references = store.references_of(connection, screening.reference_id)
                moment = self._moment(connection)
            subject = TransferSubject.model_validate(screening.asked)
            draft = screening.model_copy(update={"answered_at": moment.now})
            again = self._deposit(moment, subject, draft, references, self._settings.screening_seconds)
            if again.status == "pending":
                return screening
        else:
            again = with_retraction(self._postgres, screening)
            if again is screening:
                return screening
        self._postgres.run(lambda connection: store.update(connection, again))
        return again


def _recorded(
    connection: Connection,
    moment: Moment,
    tasks: Sequence[_Task],
    seen: Mapping[KnownWallet, _Seen],
    *,
    cause: ScreeningCause,
    found: Found = NOTHING_COMPUTED,
) -> list[Screening]:
    """Answers the subjects and writes the screenings, each with its number."""
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
    screenings = [
        _answer(connection, moment, task, [wallets[known.wallet] for known in task.known]) for task in tasks
    ]
    ids = store.next_ids(connection, len(screenings))
    references = store.reference_ids(connection, [references_of(task.subject) for task in tasks])
    numbered = [
        one.model_copy(
            update={
                "screening_id": number,
                "reference_id": reference_id,
                "cause": cause,
                "answered_at": None if one.status == "pending" else moment.now,
            }
        )
        for one, number, reference_id in zip(screenings, ids, references, strict=True)
    ]
    store.insert(connection, numbered)
    return numbered


def _answer(
    connection: Connection, moment: Moment, task: _Task, wallets: Sequence[ScreenedWallet]
) -> Screening:
    """The screening of a subject, without its number."""
    if task.deposit is not None:
        return task.deposit
    draft = _draft(moment, task)
    if task.refused is not None:
        reason, detail = task.refused
        return draft.model_copy(update={"status": "refused", "refused_reason": reason, "detail": detail})
    screening = of_wallets(draft, wallets, moment)
    if isinstance(task.subject, WithdrawalSubject):
        wallets_of_it = (task.candidates, task.known)
        return with_payment(connection, moment, task.subject, wallets_of_it, screening)
    return screening


def of_wallets(draft: Screening, wallets: Sequence[ScreenedWallet], moment: Moment) -> Screening:
    """The screening of the wallets that an address means: as the riskiest of them."""
    if not wallets:
        from app.screening.wallets import NOTHING_RECORDED  # noqa: PLC0415

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


def _task(subject: Subject) -> _Task:
    task = _Task(subject)
    if isinstance(subject, TransferSubject):
        return task
    address = subject.address if isinstance(subject, WalletSubject) else subject.destination
    try:
        task.candidates = candidates_of(address, subject.chain)
    except InvalidInput as exc:
        reason = exc.reason if isinstance(exc, UnknownAddress) else "bad_address"
        task.refused = reason, NO_ADDRESS.format(exc)
    return task


def _refuse_hash(task: _Task) -> None:
    try:
        refuse_hash(task.candidates)
    except UnknownAddress as exc:
        task.refused = exc.reason, NO_ADDRESS.format(exc)


def _draft(moment: Moment, task: _Task) -> Screening:
    fields = task.subject.model_dump(
        mode="json", exclude={"reference", "customer_reference"}, exclude_none=True
    )
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
        subject=task.subject.type,
        asked=asked,
        status="complete",
        risk_level=None,
        score=None,
        computed_from=moment.computed_from,
    )


_VERSION = version("aml-risk")
_MOMENT = text("SELECT (SELECT run_id FROM published_run) AS run_id, clock_timestamp() AS now")
