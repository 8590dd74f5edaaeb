"""What can go wrong, as one small tree."""

from aml_client.models import Problem


class AmlError(Exception):
    """Base of all errors of this package."""


class NotReachable(AmlError):
    """The instance does not answer, after every attempt."""


class NotAnswered(AmlError):
    """A deposit was not seen in time; `screening_id` can be asked again."""

    def __init__(self, message: str, screening_id: int) -> None:
        super().__init__(message)
        self.screening_id = screening_id


class ApiProblem(AmlError):
    """The instance refused a request: `status`, and `problem`, its document (RFC 9457), where it sent one."""

    def __init__(self, status: int, problem: Problem | None, text: str) -> None:
        super().__init__(f"{status}: {problem.detail or problem.title if problem else text[:500]}")
        self.status = status
        self.problem = problem


class Unauthorized(ApiProblem):
    """The token is not that of the instance (401)."""


class NotFound(ApiProblem):
    """There is nothing of that number or address (404)."""


class Busy(ApiProblem):
    """The instance was too busy, or a store of it was away, after every attempt (429, 502, 503, 504)."""
