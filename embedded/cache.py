"""The machine-wide cache folder: jars, ahead-of-time caches; safe to delete while nothing runs."""

import os
from pathlib import Path

from app.errors import DependencyMissing

try:
    from platformdirs import user_cache_path
except ImportError as exc:
    raise DependencyMissing(
        "The Python package platformdirs is missing: install the extra `embedded`, "
        "for example with `pip install 'aml-risk[embedded]'`."
    ) from exc


def cache_dir() -> Path:
    """`AML_CACHE_DIR`, else the user's cache folder of this program."""
    chosen = os.environ.get("AML_CACHE_DIR")
    return Path(chosen).expanduser().resolve() if chosen else user_cache_path("aml")
