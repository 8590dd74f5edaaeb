"""Brings the configured lists up to date: fetched, read and imported, one after the other."""

from collections.abc import Iterator

from pydantic import BaseModel

from app.errors import AmlError, InvalidInput
from app.labels.download import downloaded
from app.labels.lists import list_file
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.readers.unusable import Unusable
from app.labels.store import ImportReport, import_labels
from app.policy.policy import load_policy
from app.settings import Settings
from app.stores.postgres import Postgres


class UpdatedList(BaseModel):
    """What became of one list: its labels, or why it was not imported."""

    address: str
    labels: int = 0
    skipped: int = 0
    report: ImportReport | None = None
    error: str | None = None


def update_lists(postgres: Postgres, settings: Settings, *, allow_shrink: bool = False) -> list[UpdatedList]:
    """Reads every configured list and imports it as all that its sources say now.

    A list that cannot be read or imported stops no other, and its labels stay as they were.

    Raises:
        InvalidInput: no list is configured.
    """
    if not settings.lists:
        raise InvalidInput(
            "No list is configured. Set AML_LIST_URLS to their addresses, separated by blanks; docs/labels.md"
            " names those of OFAC, the United Kingdom and the European Union."
        )
    return list(_updated(postgres, settings, allow_shrink=allow_shrink))


def _updated(postgres: Postgres, settings: Settings, *, allow_shrink: bool) -> Iterator[UpdatedList]:
    policy = load_policy(settings.policy_file)
    for address in settings.lists:
        skipped = Unusable()
        try:
            with downloaded(address) as path:
                rows = list(read_labels(path, LabelFormat.auto, skipped=skipped))
                if not rows:
                    raise InvalidInput(f"{address} holds no label that can be imported.")
                report = import_labels(
                    postgres,
                    rows,
                    policy.categories,
                    replace=True,
                    allow_shrink=allow_shrink,
                    listed=policy.listed,
                    file=list_file(path, origin=address),
                )
        except AmlError as exc:
            yield UpdatedList(address=address, skipped=skipped.total(), error=str(exc))
        else:
            yield UpdatedList(address=address, labels=len(rows), skipped=skipped.total(), report=report)
