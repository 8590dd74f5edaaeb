"""The examples do what they say, on real servers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from tests.support.builders import transfer
from tests.support.environment import API_TOKEN, environment
from tests.support.ingesting import consuming, ingest
from tests.support.record import ask, label
from tests.support.run_story import ALICE, BOB
from tests.support.serving import served

EXAMPLES = PROJECT / "examples"
EVENTS = [transfer(n, ALICE, BOB, n, asset=("ETH", "DAI")[n % 2]) for n in range(1, 31)]
LINES = b"".join(encode(event) + b"\n" for event in EVENTS)


def test_the_exchange_publishes_a_deposit_and_reads_a_fresh_score(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    assert len((EXAMPLES / "exchange" / "deposit.py").read_text().splitlines()) < 80
    label(postgres, ALICE, "sanctioned")
    ensure_topics(settings)
    with served(settings, postgres, graph) as client, consuming(settings, postgres, graph):
        for sender, decision in ((ALICE, "refuse"), (BOB, "accept")):
            done = subprocess.run(
                [sys.executable, str(EXAMPLES / "exchange" / "deposit.py"), sender],
                env={**os.environ, "AML_URL": str(client.base_url), "AML_API_TOKEN": API_TOKEN},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.splitlines()[-1] == decision, done.stdout
            assert ": stored. " in done.stdout
            assert "'stale': False" in done.stdout


def test_the_python_producer_sends_what_is_stored(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ensure_topics(settings)
    command = [sys.executable, str(EXAMPLES / "producers" / "producer.py")]
    send(command, settings)
    ingest(settings, postgres, graph)
    assert ask(postgres, "SELECT count(*) FROM transactions") == len(EVENTS)
    assert ask(postgres, "SELECT count(*) FROM dead_letters") == 0


@pytest.mark.skipif(shutil.which("javac") is None, reason="no Java compiler is installed")
def test_the_java_producer_compiles_and_sends_what_is_stored(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    folders = [*Path.home().glob(".cache/aml/jars/*"), Path("/opt/kafka/libs")]
    jars = [jar for folder in folders for jar in folder.glob("*.jar")]
    if not any(jar.name.startswith("kafka-clients") for jar in jars):
        pytest.skip("no kafka-clients jar is on this machine")
    classpath = ":".join(map(str, jars))
    source = str(EXAMPLES / "producers" / "TransferProducer.java")
    subprocess.run(
        ["javac", "-proc:none", "-cp", classpath, "-d", str(tmp_path), source], check=True, timeout=120
    )
    ensure_topics(settings)
    send(["java", "-cp", f"{tmp_path}:{classpath}", "TransferProducer"], settings)
    ingest(settings, postgres, graph)
    assert ask(postgres, "SELECT count(*) FROM transactions") == len(EVENTS)


def send(command: list[str], settings: Settings) -> None:
    """Runs a producer on the events; SASL and such are those of the settings."""
    arguments = [settings.kafka_bootstrap_servers, settings.transfers_topic]
    signed_in = {**os.environ, **environment(settings)}
    subprocess.run([*command, *arguments], env=signed_in, input=LINES, check=True, timeout=120)
