"""Queries to paste into Neo4j Browser, and links that open it."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from app.answers.base import WalletName
from app.answers.explanation import EvidenceQuery
from app.settings import Settings
from cypher import query

STYLE = "wallets.grass"
MAX_LINK_CHARACTERS = 12_000
"""The server of Neo4j Browser refuses requests with headers of 20 kB, and the link returns in a header."""


def evidence_query(settings: Settings, transfer_ids: Iterable[int]) -> EvidenceQuery | None:
    """The query that shows exactly these transfers, by their ids in the graph; None when there are none.

    The ids are in its text, not in a parameter, because only a person runs it.
    """
    ids = sorted(set(transfer_ids))
    if not ids:
        return None
    text = query("exposure/evidence_drawn").text.replace("$transfer_ids", str(ids))
    return EvidenceQuery(transfers=len(ids), query=text, url=editor_url(settings, text))


def editor_url(settings: Settings, text: str) -> str | None:
    """A link that opens Neo4j Browser with a text in its editor; None without a Browser, or if too long."""
    url = _url(settings, "edit", text)
    return url if url is not None and len(url) <= MAX_LINK_CHARACTERS else None


def guide_url(settings: Settings, wallet: WalletName) -> str | None:
    """A link that opens Neo4j Browser with the guide for a wallet; None without a Browser.

    In the stream, by `play`: in the drawer the guide of the login would take its place.
    """
    address = f"{guide_root(settings)}/{wallet}/investigation.html"
    return _url(settings, "play", address)


def guide_root(settings: Settings) -> str:
    """The URL of the guide: Neo4j Browser trusts `localhost`, and no other name of this machine."""
    return f"http://localhost:{settings.api_port}/browser-guide"


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """The command that sets a query's parameters in Neo4j Browser."""
    return f":params {{{', '.join(f'{name}: {json.dumps(value)}' for name, value in parameters.items())}}}"


def text_with_values(text: str, parameters: Mapping[str, Any]) -> str:
    """A query with the values of its parameters written into it, for a link that only takes a text."""
    return re.sub(r"\$([a-z_]+)", lambda match: json.dumps(parameters[match[1]], ensure_ascii=False), text)


def _url(settings: Settings, command: str, argument: str) -> str | None:
    base = settings.neo4j_browser_url
    return None if base is None else f"{base}?cmd={command}&arg={quote(argument, safe='')}"
