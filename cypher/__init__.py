"""Every query of the graph, one a file; this loader checks each file's header.

A header is three comment lines. The first is `// Question:`, which a reading query answers, or `// Does:`,
which says what a query changes. `// Params:` and `// Returns:` list names separated by commas, `-` for none;
the parameters are exactly those the text uses.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
_HEADER = re.compile(
    r"// (?:Question|Does): (?P<purpose>.+)\n// Params: (?P<params>.+)\n// Returns: (?P<returns>.+)\n"
)
_PARAMETER = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Query:
    """One query: its name is its path without the ending, for example `exposure/source_paths`.

    `purpose` is the question it answers, or the sentence that says what it changes.
    """

    name: str
    purpose: str
    params: frozenset[str]
    returns: tuple[str, ...]
    text: str


@cache
def query(name: str) -> Query:
    """The query of that name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: its header is missing, or its parameters are not those of its text.
    """
    content = (FOLDER / f"{name}.cypher").read_text()
    header = _HEADER.match(content)
    if header is None:
        raise ValueError(f"cypher/{name}.cypher does not begin with Question or Does, Params and Returns")
    text = content[header.end() :].strip()
    params = frozenset(_names(header["params"]))
    used = frozenset(_PARAMETER.findall(re.sub(r"//.*", "", text)))
    if params != used:
        raise ValueError(f"cypher/{name}.cypher names parameters {sorted(params)} and uses {sorted(used)}")
    return Query(name, header["purpose"], params, tuple(_names(header["returns"])), text)


def names() -> list[str]:
    """The names of all queries, sorted."""
    return sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.cypher"))


def _names(listed: str) -> list[str]:
    return [] if listed.strip() == "-" else [name.strip() for name in listed.split(",")]
