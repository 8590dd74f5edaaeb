"""The client of one instance: screenings, watched wallets, alerts, transfers and scores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import environ
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

from aml_client.errors import AmlError, NotAnswered
from aml_client.models import (
    Alert,
    AlertChange,
    AlertDetail,
    Alerts,
    EventsRequest,
    ForgottenReference,
    MessageOutcome,
    PublishedEvents,
    Run,
    RunRequest,
    Screening,
    ScreeningList,
    ScreeningRequest,
    Screenings,
    ScreeningSummary,
    ScreeningVerification,
    TransferSubject,
    Unwatched,
    WalletScore,
    WalletSubject,
    WatchedWallet,
    WatchedWallets,
    WatchesRequest,
    WatchReport,
    WatchRequest,
    WithdrawalSubject,
)
from aml_client.transport import Transport
from aml_client.webhooks import Webhooks

Subject = WalletSubject | TransferSubject | WithdrawalSubject
From = Literal["auto", "run", "paths", "ledger"]
Outcome = Literal["confirmed", "false_positive", "no_action"]
MAX_SUBJECTS = 1_000
_LONGEST_WAIT = 8
"""Seconds that the API waits for a deposit in one request."""


class AmlClient:
    """Talks to one instance; safe to use from several threads, and closed at the end of a `with` block.

    Requests are tried again where the instance or the way to it is away for a while. What is recorded carries
    an idempotency key, so a repeat records nothing twice.

    Args:
        url: address of the instance; `AML_URL` of the environment, else this machine.
        token: its token; `AML_API_TOKEN` of the environment.
        timeout_seconds: of one attempt.
        attempts: of one request, at most.
        retry_seconds: after so long no further attempt is begun.

    Raises:
        AmlError: there is no token.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout_seconds: float = 30.0,
        attempts: int = 6,
        retry_seconds: float = 60.0,
    ) -> None:
        address = url or environ.get("AML_URL") or "http://127.0.0.1:8000"
        secret = token or environ.get("AML_API_TOKEN")
        if not secret:
            raise AmlError("Give the instance's token, or set AML_API_TOKEN; `aml up` says where it is.")
        self._transport = Transport(
            address.rstrip("/"),
            secret,
            timeout_seconds=timeout_seconds,
            attempts=attempts,
            retry_seconds=retry_seconds,
        )
        self.webhooks = Webhooks(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def screen_wallet(
        self,
        address: str,
        *,
        chain: str | None = None,
        reference: str | None = None,
        customer_reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Screening:
        """Screens whatever is an address, in any spelling; what is none is `refused`, with the reason."""
        subject = WalletSubject(
            type="wallet",
            address=address,
            chain=chain,
            reference=reference,
            customer_reference=customer_reference,
        )
        return self.screen([subject], idempotency_key=idempotency_key)[0]

    def screen_deposit(
        self,
        transaction_hash: str,
        *,
        receiver: str | None = None,
        chain: str | None = None,
        transfer_index: int | None = None,
        reference: str | None = None,
        customer_reference: str | None = None,
        wait_seconds: float = 30.0,
        idempotency_key: str | None = None,
    ) -> Screening:
        """Screens a deposit by its receiver, or by chain and index, and waits until it has been recorded.

        Raises:
            NotAnswered: it was not in time. It stays pending: ask `screening` of its number later.
        """
        subject = TransferSubject(
            type="transfer",
            transaction_hash=transaction_hash,
            receiver=receiver,
            chain=chain,
            transfer_index=transfer_index,
            reference=reference,
            customer_reference=customer_reference,
        )
        end = monotonic() + wait_seconds
        seconds = min(_LONGEST_WAIT, int(wait_seconds))
        (screening,) = self.screen([subject], wait_seconds=seconds, idempotency_key=idempotency_key)
        while screening.status == "pending" and (left := int(end - monotonic())) > 0:
            screening = self.screening(screening.screening_id, wait_seconds=min(_LONGEST_WAIT, left))
        if screening.status == "pending" and wait_seconds:
            message = f"The deposit {transaction_hash} was not seen in {wait_seconds:g} s."
            raise NotAnswered(message, screening.screening_id)
        return screening

    def screen_withdrawal(
        self,
        destination: str,
        asset: str,
        *,
        units: str | None = None,
        amount: str | None = None,
        usd_value: str | None = None,
        chain: str | None = None,
        reference: str | None = None,
        customer_reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Screening:
        """Screens a payment before it is sent: `units` of the asset, or `amount` in its base units."""
        subject = WithdrawalSubject(
            type="withdrawal",
            destination=destination,
            asset=asset,
            units=units,
            amount=amount,
            usd_value=usd_value,
            chain=chain,
            reference=reference,
            customer_reference=customer_reference,
        )
        return self.screen([subject], idempotency_key=idempotency_key)[0]

    def screen(
        self,
        subjects: Sequence[Subject],
        *,
        computed_by: From = "auto",
        wait_seconds: int = 0,
        idempotency_key: str | None = None,
    ) -> list[Screening]:
        """Screens up to 1,000 subjects in one request, each by itself; the answers are in their order."""
        request = ScreeningRequest(subjects=list(subjects), computed_by=computed_by)
        return self._transport.ask(
            Screenings,
            "POST",
            "/v1/screenings",
            body=request,
            wait_seconds=wait_seconds,
            idempotency_key=idempotency_key,
        ).screenings

    def screen_all(self, subjects: Iterable[Subject]) -> Iterator[Screening]:
        """Screens any number of subjects, in requests of 1,000; the answers come in their order."""
        some: list[Subject] = []
        for subject in subjects:
            some.append(subject)
            if len(some) == MAX_SUBJECTS:
                yield from self.screen(some)
                some = []
        if some:
            yield from self.screen(some)

    def screening(self, screening_id: int, *, wait_seconds: int = 0) -> Screening:
        """A screening as it was answered; a pending deposit is looked for again."""
        return self._transport.ask(
            Screening, "GET", f"/v1/screenings/{screening_id}", wait_seconds=wait_seconds
        )

    def screenings(self, **filters: Any) -> Iterator[ScreeningSummary]:  # noqa: ANN401 - of the query
        """Recorded screenings, newest first; filters are the API's, such as `wallet` and `risk_level`."""
        for page in self._pages(ScreeningList, "/v1/screenings", filters):
            yield from page.screenings

    def verify_screening(self, screening_id: int) -> ScreeningVerification:
        """Computes a screening again from the record: equal, or what differs."""
        path = f"/v1/screenings/{screening_id}/verify"
        return self._transport.ask(ScreeningVerification, "POST", path)

    def forget_reference(self, reference_id: str) -> ForgottenReference:
        """Erases your references under this random id of a screening; the screenings stay."""
        path = f"/v1/screening-references/{quote(reference_id, safe='')}"
        return self._transport.ask(ForgottenReference, "DELETE", path)

    def watch(self, wallets: Sequence[WatchRequest]) -> WatchReport:
        """Watches up to 1,000 wallets; one that is watched already gets the references of this call."""
        body = WatchesRequest(watched_wallets=list(wallets))
        return self._transport.ask(WatchReport, "POST", "/v1/watched-wallets", body=body)

    def watched_wallets(self, *, customer_reference: str | None = None) -> Iterator[WatchedWallet]:
        """All watched wallets with what was last judged of them."""
        filters = {"customer_reference": customer_reference}
        for page in self._pages(WatchedWallets, "/v1/watched-wallets", filters):
            yield from page.watched_wallets

    def unwatch(self, watched_id: str) -> Unwatched:
        """Watches a wallet no longer; its alerts stay."""
        path = f"/v1/watched-wallets/{quote(str(watched_id), safe='')}"
        return self._transport.ask(Unwatched, "DELETE", path)

    def alerts(self, **filters: Any) -> Iterator[Alert]:  # noqa: ANN401 - of the query
        """Alerts, newest first; filters are the API's, such as `status` and `wallet`."""
        for page in self._pages(Alerts, "/v1/alerts", filters):
            yield from page.alerts

    def alert(self, alert_id: int) -> AlertDetail:
        """An alert with its causes and its evidence."""
        return self._transport.ask(AlertDetail, "GET", f"/v1/alerts/{alert_id}")

    def review_alert(self, alert_id: int, *, note: str | None = None) -> Alert:
        """Somebody looks at it."""
        return self._change(alert_id, AlertChange(status="in_review", note=note))

    def close_alert(self, alert_id: int, outcome: Outcome, *, note: str | None = None) -> Alert:
        """Closes an alert; the next cause opens another."""
        return self._change(alert_id, AlertChange(status="closed", outcome=outcome, note=note))

    def publish_transfers(self, transfers: Sequence[Mapping[str, Any]]) -> PublishedEvents:
        """Publishes up to 1,000 transfers of the contract; the same one again changes nothing."""
        body = EventsRequest(transfers=[dict(one) for one in transfers])
        return self._transport.ask(PublishedEvents, "POST", "/v1/transfers", body=body)

    def message(self, partition: int, offset: int) -> MessageOutcome:
        """What became of a message that was published."""
        return self._transport.ask(MessageOutcome, "GET", f"/v1/messages/{partition}/{offset}")

    def score(self, wallet: str) -> WalletScore:
        """The score of `chain:address`, or of an address, in the published run."""
        return self._transport.ask(WalletScore, "GET", f"/v1/scores/{quote(wallet, safe=':')}")

    def start_run(self, *, wait_seconds: int = 0, idempotency_key: str | None = None) -> Run:
        """Starts a scoring run, and waits for its end if asked to."""
        return self._transport.ask(
            Run,
            "POST",
            "/v1/run-score",
            body=RunRequest(),
            wait_seconds=wait_seconds,
            idempotency_key=idempotency_key,
        )

    def run(self, run_id: int) -> Run:
        """A scoring run and its progress."""
        return self._transport.ask(Run, "GET", f"/v1/runs/{run_id}")

    def _change(self, alert_id: int, change: AlertChange) -> Alert:
        return self._transport.ask(Alert, "PATCH", f"/v1/alerts/{alert_id}", body=change)

    def _pages(self, page: Any, path: str, filters: Mapping[str, Any]) -> Iterator[Any]:  # noqa: ANN401 - any list
        cursor = None
        while True:
            answer = self._transport.ask(page, "GET", path, query={**filters, "cursor": cursor})
            yield answer
            cursor = answer.next
            if cursor is None:
                return
