"""PDF documents, as texts to look figures up in."""

import io

from pypdf import PdfReader


def text_of(document: bytes) -> str:
    """The text of all pages, without white space: a line may break anywhere."""
    pages = PdfReader(io.BytesIO(document)).pages
    return squeezed("".join(page.extract_text() for page in pages))


def squeezed(text: str) -> str:
    """Without white space."""
    return "".join(text.split())
