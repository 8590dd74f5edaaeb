"""The committed OpenAPI document is the one that the API has."""

from app.cli.openapi import document
from app.settings import PROJECT


def test_the_committed_document_is_current() -> None:
    written = (PROJECT / "docs" / "openapi.json").read_text()
    assert written == document(), "the routes have changed: commit what `make openapi` writes"
