"""What a reader of scores should know first: lists that are old, and what the published run has not seen."""

from sqlalchemy import Connection

from app.labels.lists import stale_lists
from app.operations.schedule import published_unseen
from app.settings import Settings


def list_notices(connection: Connection, settings: Settings) -> list[str]:
    """A sentence for each list of labels that is old."""
    return [
        f"The list {source} has not been read for {settings.list_max_age_days:g} days: `aml labels update`."
        for source in stale_lists(connection, settings.list_max_age_days)
    ]


def notices(connection: Connection, settings: Settings) -> list[str]:
    """Old lists, and what the published run has not seen; none when there is nothing to say."""
    missing = published_unseen(connection, settings)
    unseen = [missing.sentence] if missing is not None and missing.something else []
    return [*list_notices(connection, settings), *unseen]
