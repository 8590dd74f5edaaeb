"""The content of an evidence report: an explanation, the labels of its wallet, and its run."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import Field

from app.answers.base import EXAMPLE_TIME, Answer
from app.answers.explanation import EXPLANATION, Explanation
from app.answers.runs import RUN, Run
from app.errors import NotReady
from app.explain.explain import explain_record, read_explainable
from app.labels.answers import RecordedLabel
from app.labels.lookup import label_history
from app.record.freshness import digest_of_policy
from app.runs.listing import run_answer
from app.runs.queries import NONE_PUBLISHED
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres

BY_API = "the API, with its token"


class ReportLabel(Answer):
    """A label the wallet had at the time of the run."""

    category: str | None
    name: str
    source: str
    confidence: int
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_at: datetime
    tag: str | None = None


class WalletReport(Answer):
    """The evidence of one wallet; all figures are those of its explanation."""

    title: str = "Evidence report"
    made_at: datetime = Field(description="When the report was made.")
    made_by: str = Field(description="Who asked for it.", examples=["the API, with its token"])
    run: Run
    explanation: Explanation
    labels: list[ReportLabel] = Field(description="Labels of the wallet itself at the time of the run.")


REPORT = WalletReport(made_at=EXAMPLE_TIME, made_by=BY_API, run=RUN, explanation=EXPLANATION, labels=[])


def wallet_report(
    postgres: Postgres, graph: Graph, settings: Settings, reference: str, made_by: str = BY_API
) -> WalletReport:
    """The report of a wallet's published score, made now by somebody.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
        NotReady: no scoring run has been published.
    """
    with postgres.transaction(snapshot=True) as connection:
        explainable = read_explainable(connection, reference, digest_of_policy(settings.policy_file))
        record = explainable.record
        if record.run is None or record.policy is None:
            raise NotReady(NONE_PUBLISHED)
        labels = label_history(connection, record.name)
    explanation = explain_record(postgres, graph, settings, explainable)
    run = run_answer(record.run)
    return WalletReport(
        made_at=datetime.now(UTC),
        made_by=made_by,
        run=run,
        explanation=explanation,
        labels=_labels_at(run.as_of, labels),
    )


def _labels_at(moment: datetime, labels: Sequence[RecordedLabel]) -> list[ReportLabel]:
    return [
        ReportLabel.model_validate(label, from_attributes=True)
        for label in labels
        if label.recorded_at <= moment and (label.removed_at is None or label.removed_at > moment)
    ]
