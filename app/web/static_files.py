"""The files the pages load, each addressed with its content's hash so that browsers keep it for good."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).resolve().parent / "static"
VENDOR = "vendor/"
"""Built by `make frontend`; pages do without, but for the explorer and the API's documentation."""


class Static(StaticFiles):
    """Static files; what is asked for by its hash may be kept for a year."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 404."""
        response = await super().get_response(path, scope)
        lasting = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return response


def is_built() -> bool:
    """Whether the browser's packages are there."""
    return (FOLDER / VENDOR / "built.json").is_file()


@cache
def static_url(name: str) -> str:
    """Where the browser finds a file of the folder."""
    return f"/static/{name}?v={sha256((FOLDER / name).read_bytes()).hexdigest()[:12]}"
