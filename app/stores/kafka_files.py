"""Property files for a producer of one's own: where Kafka is, and the user that may write transfers."""

from typing import Final

from app.settings import Settings
from app.stores.kafka import client_options

_MODULES: Final = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def librdkafka_properties(settings: Settings) -> str:
    """Options of a client on librdkafka, such as kcat, confluent-kafka for Python, Go or .NET.

    Raises:
        DependencyMissing: a user or a password is asked for and not set.
    """
    return _lines(settings, {**_options(settings), "enable.idempotence": "true"})


def java_properties(settings: Settings) -> str:
    """Options of a Java client, such as Kafka's own tools or Kafka Connect.

    Raises:
        DependencyMissing: as `librdkafka_properties`.
    """
    options = _options(settings)
    mechanism = options.pop("sasl.mechanisms", None)
    username, password = options.pop("sasl.username", ""), options.pop("sasl.password", "")
    if mechanism is not None:
        options["sasl.mechanism"] = mechanism
        options["sasl.jaas.config"] = jaas(username, password, mechanism=mechanism)
    if (file := options.pop("ssl.ca.location", None)) is not None:
        options |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": file}
    escaped = {name: _escaped(value) for name, value in options.items()}
    return _lines(settings, {**escaped, "acks": "all", "enable.idempotence": "true"})


def jaas(username: str, password: str, *, mechanism: str = "PLAIN", **users: str) -> str:
    """A login of Java's; a broker adds the passwords of the users that it knows."""
    entries = {"username": username, "password": password}
    entries |= {f"user_{name}": known for name, known in users.items()}
    options = " ".join(f"{name}={_quoted(value)}" for name, value in entries.items())
    return f"{_MODULES[mechanism]} required {options};"


def _options(settings: Settings) -> dict[str, str]:
    options = client_options(settings, "producer")
    del options["log_level"]
    options["bootstrap.servers"] = settings.kafka_producer_servers or settings.kafka_bootstrap_servers
    return options


def _lines(settings: Settings, options: dict[str, str]) -> str:
    body = "".join(f"{name}={value}\n" for name, value in options.items())
    return f"# A producer of transfers to the topic {settings.transfers_topic}: see docs/event.md.\n{body}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(value: str) -> str:
    """As a Java properties file has it: a backslash begins an escape there."""
    plain = value.replace("\\", "\\\\")
    return "".join(each if " " <= each <= "~" else f"\\u{ord(each):04x}" for each in plain)
