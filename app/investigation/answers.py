"""The models of questions and their answers, as API, pages and command line give them."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.answers.base import EXAMPLE_TIME, MIDDLE_WALLET, MIXER_WALLET, WALLET, Answer
from app.answers.names import QuestionParameterKind
from app.chains.wallet_reference import MAX_REFERENCE_LENGTH
from app.investigation.findings import Finding, PathStep

MAX_WALLETS_NAMED = 5


class QuestionParameter(Answer):
    """One parameter of a question."""

    name: str
    kind: QuestionParameterKind
    meaning: str
    required: bool
    default: Any = Field(description="What it is without a value; null for a time is no bound.")
    least: float | None
    most: float | None = Field(description="More is refused: the question cannot do it.")


class QuestionSummary(Answer):
    """One question that can be asked."""

    question_number: str
    name: str
    question: str
    about_wallet: bool = Field(description="False: about the whole record, a transaction or a name.")
    parameter_definitions: list[QuestionParameter]
    columns: list[str]


class QuestionList(Answer):
    """All questions, by number."""

    questions: list[QuestionSummary]


class QuestionRequest(BaseModel):
    """The wallets and the parameters of a question; parameters that are left out have their defaults."""

    model_config = ConfigDict(extra="forbid")
    wallet: str | None = Field(
        default=None, max_length=MAX_REFERENCE_LENGTH, description="An address, or `chain:address`."
    )
    other: str | None = Field(
        default=None, max_length=MAX_REFERENCE_LENGTH, description="The other wallet, where there are two."
    )
    parameters: dict[str, bool | int | float | str | None] = Field(
        default_factory=dict, max_length=40, examples=[{"hop_limit": 4}]
    )


class LeftOut(Answer):
    """The paths that an answer leaves out because they go through labelled wallets."""

    paths: int | None = Field(description="Null: counting them took too long.")
    is_at_least: bool = Field(description="Whether there may be more.")
    wallets: list[str] = Field(description="The labelled wallets, by name and short address.")


class QuestionAnswer(Answer):
    """The rows that answer a question, and what they leave out."""

    question_number: str
    name: str
    question: str
    parameters: dict[str, Any] = Field(description="All of them, with the defaults that were used.")
    columns: list[str]
    findings: list[Finding]
    is_cut: bool = Field(description="Whether `row_limit` may have cut rows off.")
    left_out: LeftOut | None = Field(
        description="Null where the question follows no paths, or `through_labels` is true."
    )

    @property
    def summary(self) -> str:
        """What was found and what was left out, as one sentence or two."""
        rows = len(self.findings)
        noun = "path" if "through_labels" in self.parameters else "row"
        found = f"{rows:,} {noun}{'' if rows == 1 else 's'}"
        if self.is_cut:
            found += " (as many as row_limit allows)"
        left = self.left_out
        if left is None or left.paths == 0:
            return f"{found}."
        if left.paths is None:
            return (
                f"{found}; paths through labelled wallets could not be counted in time (through_labels=true)."
            )
        named = ", ".join(left.wallets[:MAX_WALLETS_NAMED])
        others = len(left.wallets) - MAX_WALLETS_NAMED
        named += f" and {others} others" if others > 0 else ""
        count = f"{'at least ' if left.is_at_least else ''}{left.paths:,}"
        verb = "goes" if left.paths == 1 else "go"
        more = f"{count} more {verb} through labelled wallets: {named}"
        return f"{found}; {more}. To see them: through_labels=true."


_STEPS = [
    PathStep(
        chain="ethereum",
        transaction_hash="0x" + digit * 64,
        transfer_index=0,
        occurred_at=EXAMPLE_TIME + timedelta(hours=hours),
        sender=sender.address,
        sender_label=None,
        receiver=receiver.address,
        receiver_label=label,
        asset="ETH",
        amount="1500000000000000000",
        decimals=18,
        usd_value="4500.00",
    )
    for digit, hours, sender, receiver, label in (
        ("1", 0, WALLET, MIDDLE_WALLET, None),
        ("2", 3, MIDDLE_WALLET, MIXER_WALLET, "Example mixer"),
    )
]
ANSWER = QuestionAnswer(
    question_number="03",
    name="shortest_evidence",
    question="Over which fewest transfers did money of this wallet reach the other one?",
    parameters={
        "chain": "ethereum",
        "wallet": WALLET.address,
        "other": MIXER_WALLET.address,
        "hop_limit": 12,
        "least_share": 0.001,
        "through_labels": False,
        "row_limit": 10,
    },
    columns=["wallets", "hops", "units", "asset", "usd_value", "share", "through"],
    findings=[
        Finding(
            values={
                "wallets": "0xaaaa…aaaa → 0xbbbb…bbbb → Example mixer 0xcccc…cccc",
                "hops": 2,
                "units": 1.5,
                "asset": "ETH",
                "usd_value": "4500.00",
                "share": 0.25,
                "through": [],
            },
            transfers=_STEPS,
        )
    ],
    is_cut=False,
    left_out=LeftOut(paths=2, is_at_least=False, wallets=["Example exchange 0xdddd…dddd"]),
)
QUESTIONS = QuestionList(
    questions=[
        QuestionSummary(
            question_number="03",
            name="shortest_evidence",
            question=ANSWER.question,
            about_wallet=True,
            parameter_definitions=[
                QuestionParameter(
                    name="hop_limit",
                    kind="integer",
                    meaning="the most transfers of a path",
                    required=False,
                    default=12,
                    least=1,
                    most=12,
                )
            ],
            columns=ANSWER.columns,
        )
    ]
)
