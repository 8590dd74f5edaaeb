"""The examples do what they say, on real servers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.projection.pending import project_all_pending
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from ingest.kafka.topics import ensure_topics
from tests.support.builders import transfer
from tests.support.commands import free_port
from tests.support.environment import API_TOKEN, environment
from tests.support.ingesting import consuming, ingest
from tests.support.jobs.working import working
from tests.support.record import ask, label, score, write
from tests.support.run_story import ALICE, BOB, CAROL
from tests.support.serving import served

EXAMPLES = PROJECT / "examples"
EVENTS = [transfer(n, ALICE, BOB, n, asset=("ETH", "DAI")[n % 2]) for n in range(1, 31)]
LINES = b"".join(encode(event) + b"\n" for event in EVENTS)


def example(name: str, url: object, *arguments: str) -> list[str]:
    """Runs an example of the exchange; the lines that it prints."""
    path = EXAMPLES / "exchange" / f"{name}.py"
    assert len(path.read_text().splitlines()) < 80
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        env={
            **os.environ,
            "AML_URL": str(url),
            "AML_API_TOKEN": API_TOKEN,
            "PYTHONPATH": str(PROJECT / "clients" / "python"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=330,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_exchange_publishes_a_deposit_and_screens_it(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    label(postgres, ALICE, "sanctioned", confidence=100)
    label(postgres, BOB, "exchange", confidence=100)
    write(postgres, [transfer(1, ALICE, BOB, 10), transfer(2, BOB, CAROL, 10)])
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    ensure_topics(settings)
    with served(settings, postgres, graph) as client, consuming(settings, postgres, graph):
        for sender, decision in ((ALICE, "refuse"), (BOB, "accept")):
            lines = example("deposit", client.base_url, sender)
            assert lines[-1] == decision, lines
            assert "The message: stored" in lines


def test_the_exchange_screens_a_withdrawal(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    label(postgres, ALICE, "sanctioned", confidence=100)
    with served(settings, postgres, graph) as client:
        for destination, decision in ((ALICE, "refuse"), (BOB, "send"), ("0x12", "refuse")):
            lines = example("withdrawal", client.base_url, destination, "ETH", "1.5", "2790.15")
            assert lines[-1] == decision, lines


def test_the_exchange_watches_and_closes_an_alert(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    label(postgres, ALICE, "sanctioned", confidence=100)
    write(postgres, [transfer(1, ALICE, BOB, 10)])
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    worker = working(settings, tmp_path / "worker.log", worker_metrics_port=str(free_port()))
    with served(settings, postgres, graph) as client, worker:
        lines = example("watch", client.base_url, BOB)
        assert lines[0] == "1 added, 0 watched before"
        assert lines[-1].endswith(" closed")
        assert lines[-1] != "0 closed", lines
        assert {alert["status"] for alert in client.get("/v1/alerts").json()["alerts"]} == {"closed"}


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
