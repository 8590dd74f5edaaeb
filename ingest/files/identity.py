"""Transfer indices of movements whose source tells no log index and no order in the trace."""

from collections import Counter
from hashlib import sha256
from typing import Final

from app.errors import InvalidEvent
from ingest.contract.transfer_index import FEE_INDEX, FIRST_INTERNAL_INDEX

FIRST_TOKEN_INDEX: Final = 16_384
"""Real log indices are far below, so the two rarely meet."""
FIRST_UNORDERED_INTERNAL_INDEX: Final = 49_152


class ContentIndices:
    """Makes an index of what a movement says: the same in every export of the same transaction.

    One wallet's export holds a part of a transaction's movements, so they cannot be counted. Two movements of
    one transaction that say the same are told apart by their number. Used for one file at a time.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._taken: dict[tuple[str, int], tuple[str, ...]] = {}

    def token(self, transaction_hash: str, *content: str) -> int:
        """The index of a token's transfer, 16,384 to 32,767; raises InvalidEvent when there is none left."""
        return self._index(transaction_hash, content, FIRST_TOKEN_INDEX, FIRST_INTERNAL_INDEX)

    def internal(self, transaction_hash: str, *content: str) -> int:
        """The index of an internal movement, 49,152 to 65,534; raises InvalidEvent likewise."""
        return self._index(transaction_hash, content, FIRST_UNORDERED_INTERNAL_INDEX, FEE_INDEX)

    def _index(self, transaction_hash: str, content: tuple[str, ...], first: int, end: int) -> int:
        movement = (transaction_hash, *content)
        number = self._seen[movement]
        self._seen[movement] += 1
        digest = sha256("\n".join((*movement, str(number))).encode(errors="surrogatepass")).digest()
        offset = int.from_bytes(digest[:8])
        for step in range(end - first):
            index = first + (offset + step) % (end - first)
            holder = self._taken.setdefault((transaction_hash, index), (*movement, str(number)))
            if holder == (*movement, str(number)):
                return index
        raise InvalidEvent("bad_place", f"transfer_index: over {end - first} movements in one transaction.")
