"""A screening, a watched wallet, an alert and a webhook with a message, all made over HTTP."""

from typing import Any
from uuid import UUID

import httpx


def path_values(api: httpx.Client, criminal: str, wallet: str) -> dict[str, Any]:
    """The path parameters by which each of them is asked for.

    Args:
        api: a client of an API whose record knows both addresses on Ethereum.
        criminal: an address whose risk level is high; a run alerts on it.
        wallet: an address that is screened and watched.
    """
    subject = {"type": "wallet", "address": wallet, "reference": "deposit 1"}
    (screening,) = _posted(api, "/v1/screenings", {"subjects": [subject]})["screenings"]
    watched = [{"chain": "ethereum", "address": each} for each in (criminal, wallet)]
    _posted(api, "/v1/watched-wallets", {"watched_wallets": watched})
    endpoint = _posted(api, "/v1/webhooks", {"url": "https://desk.example/hook"})
    delivery = _posted(api, f"/v1/webhooks/{endpoint['endpoint_id']}/test")
    _posted(api, "/v1/run-score", {"engine": "ledger"})
    return {
        "screening_id": screening["screening_id"],
        "reference_id": UUID(screening["reference_id"]),
        "watched_id": UUID(_first(api, "/v1/watched-wallets", "watched_wallets")["watched_id"]),
        "endpoint_id": UUID(endpoint["endpoint_id"]),
        "delivery_id": delivery["delivery_id"],
        "alert_id": _first(api, "/v1/alerts", "alerts")["alert_id"],
    }


def _posted(api: httpx.Client, path: str, body: object = None) -> Any:  # noqa: ANN401 - any answer
    answer = api.post(path, json=body, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def _first(api: httpx.Client, path: str, key: str) -> Any:  # noqa: ANN401 - any entry
    return api.get(path).raise_for_status().json()[key][0]
