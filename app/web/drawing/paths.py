"""Which of a wallet's paths a page is about."""

import json
from hashlib import sha256

from app.answers.explanation import EvidenceItem

ID_LENGTH = 16


def path_id(path: EvidenceItem) -> str:
    """The same for the same transfers in the same direction, whenever it is asked for."""
    identity = [path.direction, *((step.transaction_hash, step.transfer_index) for step in path.transfers)]
    return sha256(json.dumps(identity).encode()).hexdigest()[:ID_LENGTH]
