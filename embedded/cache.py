"""The machine-wide cache folder: jars, ahead-of-time caches; safe to delete while nothing runs."""

import os
from pathlib import Path

from embedded.extra import package_folder


def cache_dir() -> Path:
    """`AML_CACHE_DIR`, or else the user's cache folder for `aml`.

    Raises:
        DependencyMissing: platformdirs, which names the user's folder, is not installed.
    """
    if folder := os.environ.get("AML_CACHE_DIR"):
        return Path(folder).expanduser().resolve()
    package_folder("platformdirs")
    from platformdirs import user_cache_path  # noqa: PLC0415 - the container image has no such extra

    return user_cache_path("aml")
