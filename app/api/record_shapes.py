"""The JSON shapes of what the record holds as it stands."""

from pydantic import Field

from app.dead_letters import RefusedMessage
from app.labels.look_up import RecordedLabel, SpeakingLabel
from app.scoring.shapes import Shape


class LabelHistory(Shape):
    """All labels of one wallet, in the order they were recorded."""

    labels: list[RecordedLabel]


class Labels(Shape):
    """Labels of now; `next` is the cursor of the next page."""

    total: int = Field(description="All that the filters let through.", examples=[2])
    labels: list[SpeakingLabel]
    next: str | None = None


class DeadLetters(Shape):
    """Refused messages, the latest first."""

    dead_letters: list[RefusedMessage]
    refused_by_reason: dict[str, int] = Field(examples=[{"conflict": 1}])
