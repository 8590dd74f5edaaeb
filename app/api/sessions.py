"""Sessions of browsers: a random cookie in place of the token, so that pages need no header.

The record holds a digest of each cookie that only the token's owner can compute: a new token ends every
session, signing out ends one, and whoever reads the record has no cookie.
"""

import hmac
import secrets
from typing import Final

from sqlalchemy import text
from starlette.responses import Response

from app.settings import Settings
from app.stores.postgres import Postgres

SESSION_SECONDS: Final = 12 * 3600
_COOKIE_BYTES: Final = 32

_BEGIN = text("""
    INSERT INTO sessions (session_digest, expires_at)
    VALUES (:digest, clock_timestamp() + make_interval(secs => :seconds))
""")
_FORGET_EXPIRED = text("DELETE FROM sessions WHERE expires_at <= clock_timestamp()")
_IS_OPEN = text("""
    SELECT EXISTS (SELECT FROM sessions WHERE session_digest = :digest AND expires_at > clock_timestamp())
""")
_END = text("DELETE FROM sessions WHERE session_digest = :digest")


def cookie_name(settings: Settings) -> str:
    """The cookie's name, with the port: browsers share cookies between the ports of a host."""
    return f"aml_session_{settings.api_port}"


def begin_session(response: Response, settings: Settings, postgres: Postgres, *, secure: bool) -> None:
    """Begins a session and sets its cookie; a `secure` one is never sent over plain HTTP."""
    cookie = secrets.token_urlsafe(_COOKIE_BYTES)
    with postgres.transaction() as connection:
        connection.execute(_FORGET_EXPIRED)
        connection.execute(_BEGIN, {"digest": _digest(settings, cookie), "seconds": SESSION_SECONDS})
    response.set_cookie(
        cookie_name(settings),
        cookie,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def end_session(response: Response, settings: Settings, postgres: Postgres, cookie: str | None) -> None:
    """Ends the session of this cookie, wherever the cookie was copied to, and deletes the cookie."""
    if cookie is not None:
        with postgres.transaction() as connection:
            connection.execute(_END, {"digest": _digest(settings, cookie)})
    response.delete_cookie(cookie_name(settings), httponly=True, samesite="strict")


def is_session(settings: Settings, postgres: Postgres, cookie: str | None) -> bool:
    """Whether the cookie is of a session that was begun with the current token and has not ended."""
    if cookie is None:
        return False
    with postgres.transaction() as connection:
        return bool(connection.execute(_IS_OPEN, {"digest": _digest(settings, cookie)}).scalar_one())


def _digest(settings: Settings, cookie: str) -> str:
    assert settings.api_token is not None  # noqa: S101 - check_settings refuses to start without it
    key = settings.api_token.get_secret_value().encode()
    return hmac.digest(key, b"session " + cookie.encode(), "sha256").hex()
