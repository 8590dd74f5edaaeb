"""The errors a user can meet: one small tree, each a full sentence that says what to do."""

from http import HTTPStatus
from typing import ClassVar


class AmlError(Exception):
    """Base of every error that is told to the user in its own words.

    `status` is the HTTP answer, `exit_code` the command's (1 the answer is no, 2 wrong use,
    3 a dependency is missing), `kind` the problem type of RFC 9457.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "error"


class NotFound(AmlError):
    """What was asked for is not in the record."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-found"


class AmbiguousWallet(AmlError):
    """The address exists on several chains; `choices` are `chain:address`."""

    status = HTTPStatus.CONFLICT
    kind = "ambiguous-wallet"

    def __init__(self, message: str, choices: list[str]) -> None:
        super().__init__(message)
        self.choices = choices


class InvalidInput(AmlError):
    """What the user gave cannot be used: a file, an option, a parameter.

    `name` is that of the parameter of a request, where one is at fault.
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    exit_code = 2
    kind = "invalid-input"

    def __init__(self, message: str, *, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class UnknownAddress(InvalidInput):
    """A text is no address of a known chain, or its checksum is wrong.

    `reason` is the code of the event contract.
    """

    def __init__(self, reason: str, message: str, *, name: str = "wallet") -> None:
        super().__init__(message, name=name)
        self.reason = reason


class KeyReused(InvalidInput):
    """An Idempotency-Key came again with another request."""

    kind = "key-reused"


class InvalidPolicy(InvalidInput):
    """The policy file breaks a rule; the message names the line."""

    kind = "invalid-policy"


class InvalidEvent(InvalidInput):
    """A message breaks the event contract; `reason` is its dead-letter code."""

    kind = "invalid-event"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class InUse(AmlError):
    """Somebody else holds what was asked for: a folder, a port, the one scoring run.

    `run_id` and `location` say which run or operation it is and where it is, where they are known.
    """

    status = HTTPStatus.CONFLICT
    kind = "in-use"
    RETRY_SECONDS: ClassVar[int] = 5

    def __init__(self, message: str, *, run_id: int | None = None, location: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.location = location or (None if run_id is None else f"/v1/runs/{run_id}")


class NotReady(AmlError):
    """The answer needs something that has not happened yet, such as a first scoring run."""

    status = HTTPStatus.CONFLICT
    kind = "not-ready"


class AlreadyOpen(AmlError):
    """What was to be opened again has another one open beside it."""

    status = HTTPStatus.CONFLICT
    kind = "already-open"


class Cancelled(AmlError):
    """The work was ended by somebody's wish before it was done."""

    status = HTTPStatus.CONFLICT
    kind = "cancelled"


class AlreadyEnded(AmlError):
    """What was to be cancelled has ended by itself."""

    status = HTTPStatus.CONFLICT
    kind = "already-ended"


class Unauthorized(AmlError):
    """The request carries no valid token."""

    status = HTTPStatus.UNAUTHORIZED
    kind = "unauthorized"


class TooManyRequests(AmlError):
    """The same has been asked too often; it may be asked again after `retry_after` seconds."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    kind = "too-many-requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(f"{message} Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class Forbidden(AmlError):
    """The request comes from a place that may not ask this."""

    status = HTTPStatus.FORBIDDEN
    kind = "forbidden"


class UnsupportedEncoding(AmlError):
    """The body of a request is compressed."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    kind = "unsupported-encoding"


class Unequal(AmlError):
    """Two things that must be equal are not: the graph and the record, or a run and its recomputation."""

    status = HTTPStatus.CONFLICT
    kind = "unequal"


class DependencyMissing(AmlError):
    """A server, a package or the network that is needed does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    exit_code = 3
    kind = "dependency-missing"


class QueryTimeout(AmlError):
    """A graph query met its time limit."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    kind = "query-timeout"


class StatementTimeout(DependencyMissing):
    """A statement of the record took longer than its kind of work may."""


class DiskFull(DependencyMissing):
    """The disk of a server, or of this process, is full or nearly so."""

    kind = "disk-full"
