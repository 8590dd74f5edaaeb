"""How clients sign in to Kafka: what the settings say, in the words of librdkafka and of Java."""

from pathlib import Path
from typing import Any

import certifi
import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from app.errors import DependencyMissing
from app.settings import PROJECT, Settings
from app.stores.kafka import KafkaAccess, Part, client_options
from app.stores.kafka_files import java_properties, librdkafka_properties

ROOTS = Path(certifi.where())
AWKWARD = 'a "quoted" \\ pässword;'
PARTS: tuple[Part, ...] = ("consumer", "producer", "admin")


def settings(**changes: Any) -> Settings:  # noqa: ANN401 - the settings' own types
    secret = SecretStr("of no use here")
    values: dict[str, Any] = {
        "postgres_url": secret,
        "neo4j_url": "bolt://nowhere",
        "neo4j_password": secret,
        "kafka_bootstrap_servers": "kafka-1:9093,kafka-2:9093",
    }
    return Settings.model_validate(values | changes)


SASL = {
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_ca_file": ROOTS,
    "kafka_username": "aml",
    "kafka_password": AWKWARD,
}


def test_without_settings_nobody_signs_in() -> None:
    for part in PARTS:
        assert client_options(settings(), part) == {
            "bootstrap.servers": "kafka-1:9093,kafka-2:9093",
            "security.protocol": "PLAINTEXT",
            "log_level": 0,
        }


def test_a_part_without_a_user_of_its_own_is_the_consumers() -> None:
    sender = {"kafka_producer_username": "sender", "kafka_producer_password": "p"}
    both = settings(**SASL | sender)
    names = {part: client_options(both, part)["sasl.username"] for part in PARTS}
    assert names == {"consumer": "aml", "producer": "sender", "admin": "aml"}
    passwords = {part: client_options(both, part)["sasl.password"] for part in PARTS}
    assert passwords == {"consumer": AWKWARD, "producer": "p", "admin": AWKWARD}


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_the_library_takes_every_combination(protocol: str, mechanism: str) -> None:
    chosen = settings(**SASL | {"kafka_security_protocol": protocol, "kafka_sasl_mechanism": mechanism})
    AdminClient(client_options(chosen, "admin"))
    written = librdkafka_properties(chosen).splitlines()
    Producer(dict(line.split("=", 1) for line in written if not line.startswith("#")))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kafka_password": None}, "needs AML_KAFKA_USERNAME and AML_KAFKA_PASSWORD"),
        ({"kafka_username": None}, "needs AML_KAFKA_USERNAME and AML_KAFKA_PASSWORD"),
        (
            {"kafka_producer_username": "sender"},
            "needs AML_KAFKA_PRODUCER_USERNAME and AML_KAFKA_PRODUCER_PASSWORD",
        ),
        ({"kafka_ca_file": Path("/nowhere.pem")}, "AML_KAFKA_CA_FILE=/nowhere.pem"),
        ({"kafka_ca_file": PROJECT / "README.md"}, "AML_KAFKA_CA_FILE=.* holds no certificates"),
    ],
)
def test_what_is_missing_is_one_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(DependencyMissing, match=sentence):
        client_options(settings(**SASL | changes), "producer")


def test_java_reads_back_what_the_settings_say() -> None:
    written = java_properties(settings(**SASL, kafka_producer_servers="elsewhere:9093"))
    lines = dict(line.split("=", 1) for line in written.splitlines() if not line.startswith("#"))
    read = {name: value.encode("ascii").decode("unicode_escape") for name, value in lines.items()}
    assert read["bootstrap.servers"] == "elsewhere:9093"
    assert read["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (read["ssl.truststore.type"], read["ssl.truststore.location"]) == ("PEM", str(ROOTS))
    assert read["sasl.jaas.config"] == (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        ' username="aml" password="a \\"quoted\\" \\\\ pässword;";'
    )
    assert not {name for name in read if name in {"sasl.username", "sasl.password", "ssl.ca.location"}}


@pytest.mark.parametrize(
    ("text", "is_refusal"),
    [
        ("sasl_ssl://k:9/bootstrap: SASL authentication error: Authentication failed (after 3ms in …)", True),
        ("sasl_ssl://k:9/1: SASL authentication error: Local: Broker transport failure (after …)", False),
    ],
)
def test_only_the_broker_refuses_a_user(text: str, *, is_refusal: bool) -> None:
    access = KafkaAccess(settings(**SASL), "consumer")
    access.options["error_cb"](KafkaError(KafkaError._AUTHENTICATION, text))
    if not is_refusal:
        access.check()
        return
    told = r"kafka-1:9093,kafka-2:9093 refuses the user aml or its password \(Authentication failed\)"
    with pytest.raises(DependencyMissing, match=told):
        access.check()


def test_the_options_of_a_client_are_made_in_one_place() -> None:
    made = {
        str(file.relative_to(PROJECT))
        for folder in ("app", "bench", "embedded", "ingest")
        for file in (PROJECT / folder).rglob("*.py")
        if '"bootstrap.servers"' in file.read_text()
    }
    assert made == {"app/stores/kafka.py", "app/stores/kafka_files.py", "embedded/kafka.py"}
