"""Asking a question: its rows, and what its answer leaves out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, Final

from sqlalchemy import Connection

from app.errors import InUse, InvalidInput, QueryTimeout
from app.investigation.answers import LeftOut, QuestionAnswer
from app.investigation.findings import Finding, finding
from app.investigation.questions import Question, complete
from app.record.wallets import find_wallet
from app.runs.queries import published_run
from app.stores.graph import Graph

COUNT_SECONDS: Final = 5.0
"""Time limit of counting what an answer leaves out."""
MAX_COUNTED: Final = 100
_of_record = BoundedSemaphore(1)


def read_wallets(
    connection: Connection,
    about: Question,
    values: Mapping[str, Any],
    *,
    wallet: str | None,
    other: str | None,
) -> dict[str, Any]:
    """The parameters with the wallets that these references name, and the published run's watermark.

    Raises:
        InvalidInput: a wallet is missing or too many, or the two are of different chains.
        NotFound: nothing is recorded of one.
        AmbiguousWallet: an address is known on several chains.
    """
    parameters = dict(values)
    for name, reference in (("wallet", wallet), ("other", other)):
        if name not in about.query.params:
            if reference is not None:
                message = f"Question {about.number} is not about {_WORDS[name]}: leave it out."
                raise InvalidInput(message, name=name)
        elif reference is not None:
            known = find_wallet(connection, reference)
            if parameters.setdefault("chain", known.chain) != known.chain:
                message = "Both wallets must be of one chain: no transfer leads to another."
                raise InvalidInput(message, name=name)
            parameters[name] = known.address
        elif name == "wallet" and name not in parameters:
            raise InvalidInput(f"Question {about.number} is about a wallet: name one.", name=name)
    if "watermark" in about.query.params and "watermark" not in parameters:
        run = published_run(connection)
        parameters |= {} if run is None else {"watermark": run.watermark}
    return parameters


def ask(graph: Graph, about: Question, values: Mapping[str, Any], *, timeout_seconds: float) -> list[Finding]:
    """The rows that answer a question; parameters without a value have their defaults.

    Raises:
        InvalidInput: a parameter is missing or wrong, or the question has none of that name.
        InUse: another question about the whole record is being answered by this process.
        QueryTimeout: the query reached its time limit, or needs more memory than it may have.
        DependencyMissing: the graph does not answer.
    """
    return _findings(graph, about, complete(about, values), timeout_seconds)


def answer(
    graph: Graph, about: Question, values: Mapping[str, Any], *, timeout_seconds: float
) -> QuestionAnswer:
    """The answer to a question, and what it leaves out: more rows, and paths through labelled wallets.

    Raises:
        as `ask`.
    """
    parameters = complete(about, values)
    findings = _findings(graph, about, parameters, timeout_seconds)
    return QuestionAnswer(
        question_number=about.number,
        name=about.name,
        question=about.query.purpose,
        parameters=parameters,
        columns=[name for name in about.query.returns if name != "path"],
        findings=findings,
        is_cut=len(findings) == parameters.get("row_limit"),
        left_out=_left_out(graph, about, parameters, min(timeout_seconds, COUNT_SECONDS)),
    )


def _findings(
    graph: Graph, about: Question, parameters: Mapping[str, Any], timeout_seconds: float
) -> list[Finding]:
    with _one_of_record(about):
        rows = graph.read_graph(about.query, parameters, timeout_seconds=timeout_seconds)
    return [finding(row) for row in rows]


def _left_out(
    graph: Graph, about: Question, parameters: Mapping[str, Any], timeout_seconds: float
) -> LeftOut | None:
    """The paths through labelled wallets; None for a question that has none or follows them anyway."""
    if parameters.get("through_labels", True):
        return None
    wider = dict(parameters) | {"through_labels": True}
    if "row_limit" in wider:
        wider["row_limit"] = MAX_COUNTED
    try:
        found = _findings(graph, about, wider, timeout_seconds)
    except QueryTimeout:
        return LeftOut(paths=None, is_at_least=True, wallets=[])
    through = [each.values["through"] for each in found if each.values["through"]]
    wallets = sorted({name for names in through for name in names})
    return LeftOut(paths=len(through), is_at_least=len(found) == MAX_COUNTED, wallets=wallets)


@contextmanager
def _one_of_record(about: Question) -> Iterator[None]:
    """Questions about the whole record one at a time: each may take much of the graph's memory."""
    if about.is_of_wallet:
        yield
        return
    if not _of_record.acquire(blocking=False):
        raise InUse("Another question about the whole record is being answered. Ask again in a moment.")
    try:
        yield
    finally:
        _of_record.release()


_WORDS: Final = {"wallet": "a wallet", "other": "a second wallet"}
