"""The JSON shapes of what the record holds as it stands."""

from pydantic import Field

from app.answers.schemas import Shape
from app.labels.lookup import RecordedLabel, SpeakingLabel


class LabelHistory(Shape):
    """All labels of one wallet, in the order they were recorded."""

    labels: list[RecordedLabel]


class Labels(Shape):
    """Labels of now; `next` is the cursor of the next page."""

    total: int = Field(description="All that the filters let through.", examples=[2])
    labels: list[SpeakingLabel]
    next: str | None = None
