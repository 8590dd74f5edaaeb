"""Signed-in browsers: a signed cookie that stands for the token, so that pages need no header.

The token is the key of the signature: another token ends every session, and processes need no shared state.
"""

from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.responses import Response

from app.settings import Settings

LASTS_SECONDS: Final = 12 * 3600
_SIGNED_IN: Final = "signed in"


def cookie_name(settings: Settings) -> str:
    """Browsers share cookies between ports of a host; two instances on one machine must not."""
    return f"aml_session_{settings.api_port}"


def begin_session(response: Response, settings: Settings, *, secure: bool) -> None:
    """Hands the browser a session; `secure` keeps it off plain HTTP where the request came by HTTPS."""
    response.set_cookie(
        cookie_name(settings),
        _signer(settings).dumps(_SIGNED_IN),
        max_age=LASTS_SECONDS,
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def end_session(response: Response, settings: Settings) -> None:
    """Takes the session back from the browser."""
    response.delete_cookie(cookie_name(settings), httponly=True, samesite="strict")


def is_session(settings: Settings, cookie: str | None) -> bool:
    """Whether the cookie is one of ours, signed with today's token and not too old."""
    if cookie is None:
        return False
    try:
        return bool(_signer(settings).loads(cookie, max_age=LASTS_SECONDS) == _SIGNED_IN)
    except BadData:
        return False


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    assert settings.api_token is not None  # noqa: S101 - check_settings refuses to start without it
    return URLSafeTimedSerializer(settings.api_token.get_secret_value(), salt="aml session")
