"""The files that pages load; their URLs hold the hash of their content, so that browsers cache them."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).resolve().parent / "static"
VENDOR = "vendor/"
"""Built by `make frontend`; only the explorer and the API's documentation need it."""


class Static(StaticFiles):
    """Static files; one with its hash in the URL may be cached for a year."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 404."""
        response = await super().get_response(path, scope)
        has_hash = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if has_hash else "no-cache"
        return response


def is_built() -> bool:
    """Whether the npm packages of the pages are built."""
    return (FOLDER / VENDOR / "built.json").is_file()


@cache
def static_url(name: str) -> str:
    """The URL of a file of the folder."""
    return f"/static/{name}?v={sha256((FOLDER / name).read_bytes()).hexdigest()[:12]}"
