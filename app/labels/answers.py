"""Labels, as answers."""

from datetime import datetime

from pydantic import Field

from app.answers.base import EXAMPLE_TIME, TOTAL, Answer


class RecordedLabel(Answer):
    """A label, with when it was recorded and, if it was, removed."""

    chain: str = Field(examples=["ethereum"])
    address: str
    tag: str | None = Field(
        default=None,
        description="Memo or destination tag: it is about this user of the address. Null: the whole address.",
        examples=["1042"],
    )
    category: str | None = Field(description="Null: the label only names the wallet.", examples=["exchange"])
    name: str = Field(examples=["Example exchange 3"])
    source: str = Field(examples=["tagpack"])
    confidence: int = Field(examples=[90])
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_at: datetime
    removed_at: datetime | None


class CurrentLabel(RecordedLabel):
    """A current label."""

    effective: bool = Field(
        description="Whether it is the effective label of its wallet; one of a tag never is."
    )


class LabelHistory(Answer):
    """Labels that a wallet ever had, in the order they were recorded."""

    labels: list[RecordedLabel]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


class Labels(Answer):
    """Current labels; `next` is the cursor of the next page."""

    labels: list[CurrentLabel]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


_LABEL = RecordedLabel(
    chain="ethereum",
    address="0x" + "cc" * 20,
    category="mixer",
    name="Example mixer: 1 ETH",
    source="tagpack",
    confidence=90,
    valid_from=None,
    valid_to=None,
    recorded_at=EXAMPLE_TIME,
    removed_at=None,
)
HISTORY = LabelHistory(labels=[_LABEL])
LABELS = Labels(labels=[CurrentLabel(**_LABEL.model_dump(), effective=True)])
