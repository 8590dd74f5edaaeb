"""Labels, as answers."""

from datetime import datetime

from pydantic import Field

from app.answers.base import EXAMPLE_TIME, Answer


class RecordedLabel(Answer):
    """A label with when it was recorded, and when it was removed if it was."""

    chain: str = Field(examples=["ethereum"])
    address: str
    category: str | None = Field(description="Null: it only names.", examples=["exchange"])
    name: str = Field(examples=["Example exchange 3"])
    source: str = Field(examples=["tagpack"])
    confidence: int = Field(examples=[90])
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_at: datetime
    removed_at: datetime | None


class SpeakingLabel(RecordedLabel):
    """A label of now, and whether it is the one that counts for its wallet."""

    speaks: bool


class LabelHistory(Answer):
    """All labels of one wallet, in the order they were recorded."""

    labels: list[RecordedLabel]


class Labels(Answer):
    """Labels of now; `next` is the cursor of the next page."""

    total: int = Field(description="All that the filters let through.", examples=[2])
    labels: list[SpeakingLabel]
    next: str | None = None


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
LABELS = Labels(total=1, labels=[SpeakingLabel(**_LABEL.model_dump(), speaks=True)])
