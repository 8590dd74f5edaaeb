"""The header by which a message says which import sent it; messages of producers have none."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

IMPORT_HEADER: Final = "aml_import"
_is_import_id = re.compile(rb"[0-9a-f]{12}").fullmatch


Headers = Mapping[str, str | bytes | None] | Sequence[tuple[str, str | bytes | None]]


def import_id_of(headers: Headers | None) -> str | None:
    """The import that a message's headers name; None where they name none as this program does."""
    for name, value in headers.items() if isinstance(headers, Mapping) else headers or ():
        if name == IMPORT_HEADER and isinstance(value, bytes) and _is_import_id(value):
            return value.decode()
    return None
