"""The answer of every error (RFC 9457), and the fixed names of its statuses and types."""

from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel, Field

from app.answers.names import ParameterPlace, RefusalReason, SpellingReason
from app.errors import AmlError

PREFIX: Final = "urn:aml:problem:"
TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""By status. Pythons differ in their names (`http.HTTPStatus`), and this API does not."""
KIND_OF_STATUS: Final = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    422: "invalid-input",
    500: "internal",
}
"""The type of an error that the framework found."""


def _kinds(error: type[AmlError]) -> Iterator[str]:
    yield error.kind
    for child in error.__subclasses__():
        yield from _kinds(child)


KINDS: Final = tuple(sorted({*_kinds(AmlError), *KIND_OF_STATUS.values(), "http"}))
"""Every end of a `type`."""


class InvalidParameter(BaseModel):
    """One thing that is wrong with a request."""

    location: ParameterPlace
    name: str = Field(description="Of the parameter, or the path into the body.", examples=["limit"])
    reason: str = Field(description="A code.", examples=["less_than_equal"])
    detail: str = Field(examples=["Input should be less than or equal to 1000"])


class Problem(BaseModel):
    """What went wrong, and what to do about it. Fields that say nothing are absent."""

    type: str = Field(
        description="Stable; more may come.",
        examples=[f"{PREFIX}not-found"],
        json_schema_extra={"enum": [PREFIX + kind for kind in KINDS]},
    )
    title: str = Field(description="Of the status.", examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["No transfer of this wallet has been recorded."])
    instance: str = Field(description="Path of the request.", examples=["/v1/scores/0xaa"])
    request_id: str = Field(
        description="As in the header `X-Request-ID`, and in the server's log.",
        examples=["9f86d081884c4d659a2feaa0c55ad015"],
    )
    errors: list[InvalidParameter] = Field(default=[], description="Of 422: each parameter at fault.")
    reason: RefusalReason | SpellingReason | None = Field(
        default=None, description="Why it is no address, chain or hash: a code.", examples=["bad_checksum"]
    )
    choices: list[str] = Field(default=[], description="`chain:address` of the wallets to choose from.")
    run_id: int | None = Field(default=None, description="The scoring run that is in the way.", examples=[3])
