"""Screens wallets, deposits and payments, and records each screening with a number.

`Screener.screen` is the one door: the API, the command line, pages and watchers come through it.
"""

from collections.abc import Callable, Sequence
from time import monotonic

from sqlalchemy import Connection

from app.answers.names import ScreeningCause
from app.answers.screenings import Screening, ScreeningVerification
from app.screening import store
from app.screening.asked import NOTHING_COMPUTED, Asked, SeenWallets, answers, asked_of, compute, read_seen
from app.screening.computing.base import BaseReader, Moment, Stores
from app.screening.deposits import of_transfer, with_retraction
from app.screening.recording import draft_of, record, references_of
from app.screening.request_keys import RequestKey, RequestRecorded, screenings_of, take_key
from app.screening.store import References
from app.screening.subjects import Subject, TransferSubject, WalletSubject
from app.screening.tagged import with_sender_tag
from app.screening.wallets import From, needs_paths
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.postgres import Postgres

NO_REFERENCES = References()
Recorded = Callable[[Connection, Sequence[Screening]], None]
MAX_LIMITS = 10
"""How many times the limit of time all deposits of a call may take."""


class Screener:
    """Screens subjects against one record and its graph; made once a process, for what it keeps."""

    def __init__(self, postgres: Postgres, graph: Graph | None, settings: Settings) -> None:
        self._postgres = postgres
        self._settings = settings
        self._stores = Stores(postgres, graph, settings.screening_seconds)
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
        key: RequestKey | None = None,
    ) -> list[Screening]:
        """Screens these subjects, each by itself, and records them; the answers are in their order.

        Args:
            subjects: wallets, transfers, withdrawals.
            cause: why they are screened.
            source: `auto` takes the published run, and paths of the graph where something came after it.
            recorded: called with the numbered screenings in the transaction that records them; it may be
                tried again.
            key: of the request. One that was recorded before is answered with what was recorded then.

        Raises:
            DependencyMissing: the record does not answer.
            InvalidPolicy: there is no published run, and the policy file is not valid.
            KeyReused: the key is that of another request.
        """
        asked = [asked_of(subject) for subject in subjects]
        with self._postgres.transaction(snapshot=True) as connection:
            if key is not None and (before := screenings_of(connection, key)) is not None:
                return before
            moment = self._reader.moment(connection, len(asked))
            seen = read_seen(connection, moment, asked)
            is_simple = recorded is None and key is None
            if is_simple and _is_known_already(moment, asked, seen, source):
                made = answers(connection, moment, asked, seen, NOTHING_COMPUTED)
                return record(connection, made, [NO_REFERENCES] * len(asked), moment, cause)
        found = compute(self._stores, moment.base, seen.values(), source)
        self._screen_deposits(moment, asked)

        def work(connection: Connection) -> list[Screening]:
            made = answers(connection, moment, asked, seen, found)
            numbered = record(connection, made, [references_of(one) for one in subjects], moment, cause)
            if key is not None:
                take_key(connection, key, numbered)
            if recorded is not None:
                recorded(connection, numbered)
            return numbered

        try:
            return self._postgres.run(work)
        except RequestRecorded:  # by the same request, meanwhile
            with self._postgres.transaction(snapshot=True) as connection:
                before = None if key is None else screenings_of(connection, key)
            assert before is not None  # noqa: S101 - the key was taken by a transaction that has ended
            return before

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

    def _screen_deposits(self, moment: Moment, asked: Sequence[Asked]) -> None:
        deposits = [one for one in asked if isinstance(one.subject, TransferSubject)]
        limit = self._stores.seconds
        end = monotonic() + limit * min(max(len(deposits), 1), MAX_LIMITS)
        for one in deposits:
            assert isinstance(one.subject, TransferSubject)  # noqa: S101 - as they were chosen
            stores = self._stores._replace(seconds=max(0.0, min(limit, end - monotonic())))
            draft = draft_of(moment, one.subject)
            one.deposit = of_transfer(stores, moment, one.subject, draft, references_of(one.subject))

    def _again(self, screening: Screening) -> Screening:
        if screening.status == "pending":
            with self._postgres.transaction(snapshot=True) as connection:
                references = store.references_of(connection, screening.reference_id)
                moment = self._reader.moment(connection)
            subject = TransferSubject.model_validate(screening.asked)
            draft = screening.model_copy(update={"answered_at": moment.now})
            again = of_transfer(self._stores, moment, subject, draft, references)
            if again.status == "pending":
                return screening
            with self._postgres.transaction(snapshot=True) as connection:
                again = with_sender_tag(connection, moment, again)
        else:
            again = with_retraction(self._postgres, screening)
            if again is screening:
                return screening
        self._postgres.run(lambda connection: store.update(connection, again))
        return again


def _is_known_already(moment: Moment, asked: Sequence[Asked], seen: SeenWallets, source: From) -> bool:
    """Whether one transaction answers: nothing is computed or written that others write."""
    return (
        source != "ledger"
        and not any(isinstance(one.subject, TransferSubject) for one in asked)
        and not any(references_of(one.subject) for one in asked)
        and not any(needs_paths(moment.base, one.known, one.changes, source) for one in seen.values())
    )
