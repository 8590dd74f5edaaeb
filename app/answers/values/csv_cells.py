"""Cells of CSV files that a spreadsheet opens: no text of others becomes a formula."""

import re
from typing import Any
from unicodedata import normalize

_FORMULA = ("=", "+", "-", "@")
_is_number = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?").fullmatch


def csv_cell(value: Any) -> Any:  # noqa: ANN401 - one column of any type
    """Text that looks like a formula gets an apostrophe; everything else stays.

    Spreadsheets also take the wide forms of the characters that begin a formula, behind blanks.
    """
    if not isinstance(value, str) or _is_number(value):
        return value
    return f"'{value}" if normalize("NFKC", value).lstrip().startswith(_FORMULA) else value
