"""What a reader of scores should know first: lists that are old, and what the published run has not seen."""

from sqlalchemy import Connection

from app.labels.lists import stale_lists
from app.operations.schedule import published_unseen
from app.settings import Settings


def notices(connection: Connection, settings: Settings) -> list[str]:
    """A sentence each; none when there is nothing to say."""
    said = [
        f"The list {source} has not been read for {settings.list_max_age_days:g} days: `aml labels update`."
        for source in stale_lists(connection, settings.list_max_age_days)
    ]
    missing = published_unseen(connection, settings)
    if missing is not None and missing.something:
        said.append(missing.sentence)
    return said
