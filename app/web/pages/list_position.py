"""Where a wallet stands in the list that it was opened from: the wallets before and after it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.answers.base import WalletName
from app.runs.board.listing import neighbours
from app.runs.score_record import ScoreRecord
from app.web.pages.board_query import BoardQuery


@dataclass(frozen=True)
class ListPosition:
    """The query of the list, and the neighbours of the wallet in it."""

    query: str
    before: WalletName | None
    after: WalletName | None


def list_position(connection: Connection, record: ScoreRecord, query: str | None) -> ListPosition | None:
    """The place in the board of the published run; None where the wallet was not opened from a list.

    Raises:
        RequestValidationError: the query is none of the board.
    """
    if query is None or record.run is None or record.row is None:
        return None
    asked = BoardQuery.of_text(query)
    found = neighbours(
        connection,
        record.run,
        record.wallet.wallet_id,
        only=asked.only,
        sort=asked.sort,
        order=asked.order,
    )
    return ListPosition(asked.text(), found.before, found.after)
