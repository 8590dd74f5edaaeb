"""What an evidence report holds: an explanation, the labels it rests on, and the run to check it against."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from app.answers.base import Answer
from app.answers.explanation import EXPLANATION, Explanation
from app.answers.runs import RUN, Run
from app.errors import NotReady
from app.explain.explain import explain
from app.labels.answers import RecordedLabel
from app.labels.lookup import label_history
from app.runs.listing import one_run
from app.runs.queries import completed_run
from app.runs.stored_answer import policy_of
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres


class ReportLabel(Answer):
    """A label the wallet had at the time of the run."""

    category: str | None
    name: str
    source: str
    confidence: int
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_at: datetime


class ReportRule(Answer):
    """A rule of the policy that raised the level."""

    name: str
    description: str
    level_at_least: str


class WalletReport(Answer):
    """One wallet's evidence: all figures are those of its explanation."""

    title: str = "Evidence report"
    run: Run
    explanation: Explanation
    rules: list[ReportRule] = Field(description="Rules that were applied, in the words of the policy.")
    labels: list[ReportLabel] = Field(description="Labels of the wallet itself at the time of the run.")


REPORT = WalletReport(run=RUN, explanation=EXPLANATION, rules=[], labels=[])


def wallet_report(postgres: Postgres, graph: Graph, settings: Settings, reference: str) -> WalletReport:
    """The report of a wallet's published score.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
        NotReady: no scoring run has been published.
    """
    explanation = explain(postgres, graph, settings, reference)
    if explanation.run is None:
        raise NotReady("No scoring run has been published yet. Start one with POST /run-score (`aml score`).")
    with postgres.transaction(snapshot=True) as connection:
        run = one_run(connection, explanation.run.run_id)
        policy = policy_of(completed_run(connection, run.run_id))
    applied = [rule for rule in policy.rules if rule.name in explanation.rules]
    wallet = explanation.wallet
    return WalletReport(
        run=run,
        explanation=explanation,
        rules=[ReportRule.model_validate(rule, from_attributes=True) for rule in applied],
        labels=_labels_at(run.as_of, label_history(postgres, f"{wallet.chain}:{wallet.address}")),
    )


def _labels_at(moment: datetime, labels: Sequence[RecordedLabel]) -> list[ReportLabel]:
    return [
        ReportLabel.model_validate(label, from_attributes=True)
        for label in labels
        if label.recorded_at <= moment and (label.removed_at is None or label.removed_at > moment)
    ]
