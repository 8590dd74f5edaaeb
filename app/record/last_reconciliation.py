"""The last comparison of the graph with the record; app/operations/reconcile.py makes them."""

from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import Connection, text

_LAST = text("""
    SELECT completed_at, equal, differences, broken_references FROM reconciliations
    ORDER BY completed_at DESC LIMIT 1
""")


class LastReconciliation(BaseModel):
    """The last comparison of the graph with the record."""

    completed_at: datetime
    equal: bool
    differences: int = Field(description="Before a repair, if there was one.", examples=[0])
    broken_references: int = Field(examples=[0])


def last_reconciliation(connection: Connection) -> LastReconciliation | None:
    """The last one; None when they were never compared."""
    row = connection.execute(_LAST).one_or_none()
    return None if row is None else LastReconciliation.model_validate(row, from_attributes=True)
