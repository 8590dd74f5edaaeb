"""One signed call: bounded in time and size, redirects not followed, to the address that was looked at."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import httpx
from standardwebhooks import Webhook

from app.alerts.webhooks.targets import resolve
from app.errors import InvalidInput

SECONDS: Final = 15.0
"""Of a whole call, as Standard Webhooks says."""
KEPT_BYTES: Final = 1_024
"""Of an answer; no more is read."""
ACCEPTED: Final = range(200, 300)
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Called:
    """What a call gave: its status and the beginning of the answer, or why there was none."""

    status_code: int | None
    answer: str
    error: str | None
    seconds: float

    @property
    def accepted(self) -> bool:
        """Whether the receiver has taken the message."""
        return self.status_code in ACCEPTED


def call(
    url: str, message_id: str, body: str, secrets: Sequence[str], allowed_hosts: Collection[str]
) -> Called:
    """Signs a message with each secret and posts it."""
    start = monotonic()
    try:
        status_code, answer = asyncio.run(_call(url, message_id, body, secrets, allowed_hosts))
    except InvalidInput as exc:
        return Called(None, "", str(exc), monotonic() - start)
    except TimeoutError:
        return Called(None, "", f"It did not answer within {SECONDS:g} s.", monotonic() - start)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as exc:
        return Called(None, "", f"{type(exc).__name__}: {exc}"[:500], monotonic() - start)
    error = None if status_code in ACCEPTED else f"It answered {status_code}."
    return Called(status_code, answer, error, monotonic() - start)


def signed_headers(message_id: str, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks, with a signature of each secret."""
    signatures = (Webhook(secret).sign(message_id, now, body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def _call(
    url: str, message_id: str, body: str, secrets: Sequence[str], allowed_hosts: Collection[str]
) -> tuple[int, str]:
    async with asyncio.timeout(SECONDS):
        target = await asyncio.to_thread(resolve, url, allowed_hosts)
        headers = {
            **signed_headers(message_id, body, secrets, datetime.now(UTC)),
            "host": target.host_header,
            "content-type": "application/json",
            "user-agent": "aml-risk",
        }
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=SECONDS) as client,
            client.stream(
                "POST",
                target.url,
                content=body.encode(),
                headers=headers,
                extensions={"sni_hostname": target.host},
            ) as answer,
        ):
            kept = b""
            async for chunk in answer.aiter_raw():
                kept += chunk
                if len(kept) >= KEPT_BYTES:
                    break
            return answer.status_code, kept[:KEPT_BYTES].decode(errors="replace").replace("\0", "")
