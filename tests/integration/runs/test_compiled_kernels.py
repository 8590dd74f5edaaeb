"""After the installation no run compiles: not the first, and not with a cache of its own, or none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba import __version__ as version

from app.projection.pending import project_all_pending
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.environment import environment
from tests.support.run_story import tell_story

KERNELS = {
    "trace_sources", "trace_destinations", "read_shares", "add_walks",
    "fields_of_rows", "words", "extent", "decimals", "add_by_place", "carry", "_nearest", "_write_digits",
    "exponents_as_repr", "join_columns", "hash_lines",
}  # fmt: skip
BY_SPARK = {"scan_sources", "scan_destinations", "copy_rows"}
"""Which the tasks of the engine spark call."""
NOT_BESIDE_THE_SOURCE = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator,UserWideCacheLocator"}
"""As for a user who may not write there; root always may."""
RUN = """
import json
from app.ledger.kernel_cache import statistics
from app.policy.policy import load_policy
from app.runs.engine_choice import CypherLimits
from app.runs.run import run_scoring
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres

settings = Settings()
postgres = Postgres(settings.postgres_url)
graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
limits = CypherLimits(max_walks=4)  # more than its transfers and less than its walks: it counts, then traces
run_scoring(postgres, graph, load_policy(settings.policy_file), engine="auto", limits=limits)
graph.close()
print(json.dumps(statistics()))
"""


def in_a_process(*words: str, **variables: str) -> str:
    """The last line of a fresh process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=PROJECT,
        env=inherited | variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """As `make install` leaves it."""
    assert "}" in in_a_process("-m", "app.cli", "compile-kernels", "--json")


def variables_of(cache: str, folder: Path) -> dict[str, str]:
    if cache == "beside the source":
        return {}
    if cache == "in the home":
        return NOT_BESIDE_THE_SOURCE | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    if cache == "nowhere":
        return NOT_BESIDE_THE_SOURCE | dict.fromkeys(("HOME", "XDG_CACHE_HOME"), os.devnull)
    return {"NUMBA_CACHE_DIR": str(folder)}


@pytest.mark.parametrize(
    "cache", ["beside the source", "in the home", "nowhere", "a folder", "old and broken copies"]
)
def test_the_first_run_of_a_process_compiles_nothing(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path, cache: str
) -> None:
    tell_story(postgres)
    project_all_pending(postgres, graph)
    variables = environment(settings) | variables_of(cache, tmp_path)
    if cache == "old and broken copies":
        in_a_process("-c", RUN, **variables)
        copies = sorted(tmp_path.glob("*/*.nbi"))
        assert len(copies) == len(KERNELS | BY_SPARK)
        copies[0].write_bytes(b"")
        for copy in copies[1:]:
            kept = copy.read_bytes()
            assert version.encode() in kept
            copy.write_bytes(kept.replace(version.encode(), b"9" * len(version)))
    found = json.loads(in_a_process("-c", RUN, **variables))
    taken = {kernel: {"from_cache": 1, "compiled": 0} for kernel in KERNELS}
    assert found == taken | {kernel: {"from_cache": 0, "compiled": 0} for kernel in BY_SPARK}
