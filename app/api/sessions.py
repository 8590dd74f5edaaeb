"""Sessions of browsers: a signed cookie in place of the token, so that pages need no header.

The token is the key of the signature: a new token ends every session, and processes share no state.
"""

from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.responses import Response

from app.settings import Settings

SESSION_SECONDS: Final = 12 * 3600
_SIGNED_IN: Final = "signed in"


def cookie_name(settings: Settings) -> str:
    """The cookie's name, with the port: browsers share cookies between the ports of a host."""
    return f"aml_session_{settings.api_port}"


def begin_session(response: Response, settings: Settings, *, secure: bool) -> None:
    """Sets the session cookie; a `secure` one is never sent over plain HTTP."""
    response.set_cookie(
        cookie_name(settings),
        _signer(settings).dumps(_SIGNED_IN),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def end_session(response: Response, settings: Settings) -> None:
    """Deletes the session cookie."""
    response.delete_cookie(cookie_name(settings), httponly=True, samesite="strict")


def is_session(settings: Settings, cookie: str | None) -> bool:
    """Whether the cookie is signed with the current token and has not expired."""
    if cookie is None:
        return False
    try:
        return bool(_signer(settings).loads(cookie, max_age=SESSION_SECONDS) == _SIGNED_IN)
    except BadData:
        return False


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    assert settings.api_token is not None  # noqa: S101 - check_settings refuses to start without it
    return URLSafeTimedSerializer(settings.api_token.get_secret_value(), salt="aml session")
