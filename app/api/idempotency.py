"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request again starts nothing."""

from hashlib import sha256
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Header
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

MAX_KEY_LENGTH: Final = 200
KEY_HEADER: Final = "Idempotency-Key"


class KeyedRequest(NamedTuple):
    """The key of a request, and a digest of its body: one key is of one request."""

    key: str
    digest: str


def digest_of(body: BaseModel) -> str:
    """The digest of a body; two bodies that say the same have the same one."""
    return sha256(body.model_dump_json().encode()).hexdigest()


async def _key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="A repeated request with the same key and body is answered as the first one, also"
            " while that runs, and does nothing again; another body under the key is 422. With or without"
            " quotation marks around it.",
            min_length=1,
            max_length=MAX_KEY_LENGTH,
            examples=['"nightly-2026-01-05"'],
        ),
    ] = None,
) -> str | None:
    if idempotency_key is None:
        return None
    key = idempotency_key
    # A string of a structured field (RFC 9651) stands in quotation marks; many clients leave them out.
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not key.isascii():
        detail = "A key has ASCII characters alone."
        error = {"loc": ("header", KEY_HEADER), "type": "not_ascii", "msg": detail}
        raise RequestValidationError([error])
    if not key.strip():
        error = {"loc": ("header", KEY_HEADER), "type": "empty_key", "msg": "It holds no key."}
        raise RequestValidationError([error])
    return key


IdempotencyKey = Annotated[str | None, Depends(_key)]
