"""What the OpenAPI document says is what the API does: schemathesis asks every operation, by all checks.

`make fuzz-api` asks 100 times each, by every phase (AML_API_CASES); `make test` a few times.
"""

import os
import subprocess
import sys
from pathlib import Path

from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.kafka.topics import ensure_topics
from tests.support.environment import API_TOKEN
from tests.support.run_story import tell_project_and_score
from tests.support.serving import served

CASES = int(os.environ.get("AML_API_CASES", "3"))
PHASES = "examples,fuzzing" if CASES < 100 else "examples,coverage,fuzzing,stateful"


def test_every_operation_keeps_the_document(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    ensure_topics(settings)
    tell_project_and_score(postgres, graph, "ledger")
    with served(settings, postgres, graph) as client:
        command = [
            str(Path(sys.executable).with_name("st")),
            "--config-file",
            str(Path(__file__).with_name("schemathesis.toml")),
            "run",
            str(PROJECT / "docs" / "openapi.json"),
            *("--url", str(client.base_url), "--header", f"Authorization: Bearer {API_TOKEN}"),
            *("--checks", "all", "--max-examples", str(CASES), "--phases", PHASES, "--seed", "7"),
            *("--continue-on-failure", "--no-shrink", "--request-timeout", "60", "--warnings", "off"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    # A case's body may fill a hundred lines of the screen with one line.
    told = "\n".join(line[:500] for line in done.stdout.splitlines())
    assert done.returncode == 0, told[-60_000:] + done.stderr[-3_000:]
