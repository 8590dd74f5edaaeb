"""The id of a path in the URL of its page."""

import json
from hashlib import sha256

from app.answers.explanation import EvidenceItem

ID_LENGTH = 16


def id_of_path(path: EvidenceItem) -> str:
    """A hash of direction and transfers, so that a path keeps its id over runs."""
    identity = [path.direction, *((step.transaction_hash, step.transfer_index) for step in path.transfers)]
    return sha256(json.dumps(identity).encode()).hexdigest()[:ID_LENGTH]
