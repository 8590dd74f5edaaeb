"""Why Spark failed, in a sentence: the worker's own error, and not the many that it made."""

import re
from dataclasses import dataclass

_ERROR = re.compile(
    r"^(?:[\w.]+\.)?(?P<name>\w+(?:Error|Exception|Unequal)|Unequal)(?:: (?P<text>.*))?$", re.MULTILINE
)
_LOST = re.compile(
    r"ExecutorLostFailure[^\n]*|Job aborted[^\n]*|All masters are unresponsive[^\n]*|Lost executor[^\n]*"
)
_LONGEST = 600


@dataclass(frozen=True)
class Reason:
    """`unequal`: the annotation does not add up, whatever engine traces it."""

    unequal: bool
    text: str


def reason_of(error: BaseException) -> Reason:
    """The reason behind an error of PySpark."""
    if type(error) is RuntimeError and "\n" not in str(error):  # this program's own
        return Reason(unequal=False, text=str(error))
    text = str(error)
    java = getattr(error, "java_exception", None)
    if java is not None:
        text = f"{text}\n{java}"
    python = [match for match in _ERROR.finditer(text) if not match["name"].startswith(("Spark", "Py4J"))]
    for match in python:
        if match["name"] == "Unequal":
            return Reason(unequal=True, text=(match["text"] or "").strip())
    if lost := _LOST.search(text):
        return Reason(unequal=False, text=_short(lost[0]))
    if python:
        last = python[-1]
        return Reason(unequal=False, text=_short(f"a worker says {last['name']}: {last['text'] or ''}"))
    return Reason(
        unequal=False,
        text=_short(f"{type(error).__name__}: {text.strip().splitlines()[0] if text.strip() else ''}"),
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
