"""Lists of labels, as answers."""

from datetime import datetime

from pydantic import Field

from app.answers.base import EXAMPLE_TIME, Answer


class ListName(Answer):
    """A list that labels came from, as it was at the time of the answer."""

    source: str = Field(examples=["OFAC SDN"])
    entries: int = Field(description="Labels it held.", examples=[812])
    digest: str = Field(description="SHA-256 of the file, or of the files of the folder.")
    recorded_at: datetime = Field(description="When this content was imported first.")
    checked_at: datetime = Field(description="When it was last read, changed or not.")


class RecordedList(ListName):
    """A list, with where it was read from and whether it is too old."""

    origin: str = Field(
        description="Address or name of the file.", examples=["https://lists.example/sdn_advanced.xml"]
    )
    is_listing: bool = Field(description="It holds listings, such as sanctions.")
    stale: bool = Field(description="Nobody has read it for longer than `AML_LIST_MAX_AGE_DAYS`.")


class Lists(Answer):
    """The lists that were imported, by source."""

    lists: list[RecordedList]
    max_age_days: float = Field(description="The setting; 0: no list is stale.", examples=[7.0])


LIST_NAME = ListName(
    source="OFAC SDN",
    entries=812,
    digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    recorded_at=EXAMPLE_TIME,
    checked_at=EXAMPLE_TIME,
)
LISTS = Lists(
    lists=[
        RecordedList(
            **LIST_NAME.model_dump(),
            origin="https://lists.example/sdn_advanced.xml",
            is_listing=True,
            stale=False,
        )
    ],
    max_age_days=7,
)
