"""PDF documents, as texts to look figures up in."""

from pypdfium2 import PdfDocument


def text_of(document: bytes) -> str:
    """The text of all pages, without white space: a line may break anywhere."""
    opened = PdfDocument(document)
    try:
        return squeezed("".join(page.get_textpage().get_text_range() for page in opened))
    finally:
        opened.close()


def metadata_of(document: bytes) -> dict[str, str]:
    """What the document says of itself, such as its creation date, as PDF writes it."""
    opened = PdfDocument(document)
    try:
        return opened.get_metadata_dict()
    finally:
        opened.close()


def squeezed(text: str) -> str:
    """Without white space."""
    return "".join(text.split())
