"""The users of Kafka: who they are, and how the broker knows them."""

from collections.abc import Iterable

from app.stores.kafka_files import jaas
from embedded.home import Secrets

KAFKA_CONSUMER, KAFKA_PRODUCER, KAFKA_ADMIN = "aml", "producer", "admin"
"""The product itself, a producer of transfers, and the broker with whoever creates topics and permissions."""
CONTROLLER = "CONTROLLER"


def security_settings(listeners: Iterable[str]) -> dict[str, object]:
    """Server settings: every listener asks for a password, and nobody may do what no permission says."""
    protocols = ",".join(f"{name}:SASL_PLAINTEXT" for name in (*listeners, CONTROLLER))
    return {
        "listener.security.protocol.map": protocols,
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{KAFKA_ADMIN}",
        "allow.everyone.if.no.acl.found": "false",
    }


def password_settings(listeners: Iterable[str], secrets: Secrets) -> dict[str, object]:
    """Server settings that hold the passwords, for a file that only the server reads."""
    own = {KAFKA_ADMIN: secrets.kafka_admin}
    users = {**own, KAFKA_CONSUMER: secrets.kafka, KAFKA_PRODUCER: secrets.kafka_producer}
    return {
        **{_setting(name): jaas(KAFKA_ADMIN, secrets.kafka_admin, **users) for name in listeners},
        _setting(CONTROLLER): jaas(KAFKA_ADMIN, secrets.kafka_admin, **own),
    }


def client_settings(username: str, password: str) -> dict[str, object]:
    """Settings of a Java client."""
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": jaas(username, password),
    }


def _setting(listener: str) -> str:
    return f"listener.name.{listener.lower()}.plain.sasl.jaas.config"
