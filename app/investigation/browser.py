"""What a person pastes into Neo4j Browser, and links that open it there."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from app.answers.base import WalletName
from app.answers.explanation import EvidenceQuery
from app.settings import Settings
from cypher import query

STYLE = "wallets.grass"
MAX_LINK_CHARACTERS = 12_000
"""The server behind Neo4j Browser refuses requests with headers of 20 kB, and the link comes back in one."""


def evidence_query(settings: Settings, transfer_ids: Iterable[int]) -> EvidenceQuery | None:
    """The query that draws exactly these transfers, by their numbers in the graph; None when there are none.

    The numbers stand in its text because a person runs it; nothing else ever does.
    """
    wanted = sorted(set(transfer_ids))
    if not wanted:
        return None
    text = query("exposure/evidence_drawn").text.replace("$transfer_ids", str(wanted))
    return EvidenceQuery(transfers=len(wanted), query=text, url=editor_url(settings, text))


def editor_url(settings: Settings, text: str) -> str | None:
    """A link that opens Neo4j Browser with that text in its editor; None without a Browser, or too long."""
    url = _url(settings, "edit", text)
    return url if url is not None and len(url) <= MAX_LINK_CHARACTERS else None


def guide_url(settings: Settings, wallet: WalletName) -> str | None:
    """A link that opens Neo4j Browser with the guide about that wallet beside it; None without a Browser."""
    address = f"{guide_root(settings)}/{wallet.chain}:{wallet.address}/investigation.html"
    return _url(settings, "guide", address)


def guide_root(settings: Settings) -> str:
    """Where Neo4j Browser fetches the guide: of all names of this machine it trusts `localhost` alone."""
    return f"http://localhost:{settings.api_port}/browser-guide"


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """The command that sets a query's parameters in Neo4j Browser."""
    return f":params {{{', '.join(f'{name}: {json.dumps(value)}' for name, value in parameters.items())}}}"


def _url(settings: Settings, command: str, argument: str) -> str | None:
    base = settings.neo4j_browser_url
    return None if base is None else f"{base}?cmd={command}&arg={quote(argument, safe='')}"
