"""How every client of the product signs in to Kafka, and what Kafka says of a wrong password."""

import re
from collections.abc import Callable
from pathlib import Path
from ssl import create_default_context
from time import monotonic
from typing import Any, Final, Literal, NamedTuple, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are public
    AdminClient,
    ClusterMetadata,
)

from app.errors import DependencyMissing
from app.settings import Settings

T = TypeVar("T")
Part = Literal["consumer", "producer", "admin"]
"""What a client does: read transfers and write dead letters, write transfers, make topics and permissions."""

QUIET: Final = {"log_level": 0}
"""For every client: librdkafka prints nothing about lost connections; they are raised as errors."""
_ATTEMPT_SECONDS: Final = 1.0
_BAD_CERTIFICATE = "certificate verify failed"
"""OpenSSL's words; other errors of TLS may be those of a broker that is restarted."""
_LOCAL = "Local: "
"""How librdkafka begins an error of its own, such as a connection that ended while it signed in."""
_REASON: Final = re.compile(r".*?SASL \w+ error: (.*?)(?: \(after .*)?")
_PERMISSIONS: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}


class Login(NamedTuple):
    """The user of one client, and the settings that name it."""

    username: str | None
    password: str | None
    variables: str


def login(settings: Settings, part: Part) -> Login:
    """The user of this part; one without a user of its own is the consumer's."""
    own = {
        "consumer": (settings.kafka_username, settings.kafka_password),
        "producer": (settings.kafka_producer_username, settings.kafka_producer_password),
        "admin": (settings.kafka_admin_username, settings.kafka_admin_password),
    }
    if part != "consumer" and own[part][0] is None:
        return login(settings, "consumer")
    username, password = own[part]
    prefix = "AML_KAFKA" if part == "consumer" else f"AML_KAFKA_{part.upper()}"
    secret = None if password is None else password.get_secret_value()
    return Login(username, secret, f"{prefix}_USERNAME and {prefix}_PASSWORD")


def client_options(settings: Settings, part: Part) -> dict[str, Any]:
    """The options of librdkafka that every client begins with.

    Raises:
        DependencyMissing: a user or a password is asked for and not set, or the certificates cannot be read.
    """
    protocol = settings.kafka_security_protocol
    options: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "security.protocol": protocol,
        **QUIET,
    }
    if settings.kafka_ca_file is not None:
        options["ssl.ca.location"] = str(_certificates(settings.kafka_ca_file))
    if protocol.startswith("SASL_"):
        username, password, variables = login(settings, part)
        if username is None or password is None:
            raise DependencyMissing(f"AML_KAFKA_SECURITY_PROTOCOL={protocol} needs {variables}.")
        options |= {
            "sasl.mechanisms": settings.kafka_sasl_mechanism,
            "sasl.username": username,
            "sasl.password": password,
        }
    return options


def _certificates(file: Path) -> Path:
    try:
        create_default_context(cafile=file)
    except OSError as exc:  # an SSLError too
        raise DependencyMissing(f"AML_KAFKA_CA_FILE={file} holds no certificates: {exc.strerror}.") from exc
    return file


def _reason(error: KafkaError) -> str:
    """What the broker said, without where and when the library heard it."""
    text = error.str()
    return match[1] if (match := _REASON.fullmatch(text)) else text


class KafkaAccess:
    """What one client needs to sign in, and whether Kafka has refused it.

    A wrong password is the error of no call: librdkafka tries again and again, and tells only `error_cb`.
    """

    def __init__(self, settings: Settings, part: Part) -> None:
        self.options = {**client_options(settings, part), "error_cb": self._hear}
        self._servers = settings.kafka_bootstrap_servers
        self._login = login(settings, part)
        self._refusal: str | None = None
        self._distrust: str | None = None

    def check(self) -> None:
        """Does nothing unless Kafka has refused the client; errors are heard while the client is polled.

        Raises:
            DependencyMissing: Kafka refused the user or the password, or its certificate is of no use.
        """
        if self._distrust is not None:
            raise DependencyMissing(
                f"The certificate of Kafka at {self._servers} cannot be checked ({self._distrust}): see "
                "AML_KAFKA_CA_FILE."
            )
        if self._refusal is not None:
            raise DependencyMissing(
                f"Kafka at {self._servers} refuses the user {self._login.username} or its password "
                f"({self._refusal}): see {self._login.variables}."
            )

    def first_answer(self, admin: AdminClient, seconds: float) -> ClusterMetadata:
        """The brokers and the topics that this client sees, once Kafka answers it.

        Raises:
            DependencyMissing: Kafka refused the user or the password, or does not answer in time.
        """
        deadline = monotonic() + seconds
        while True:
            try:
                return admin.list_topics(timeout=max(0.1, min(_ATTEMPT_SECONDS, deadline - monotonic())))
            except KafkaException as exc:
                admin.poll(0)
                self.check()
                if monotonic() >= deadline:
                    raise self.unreachable() from exc

    def ask(self, admin: AdminClient, question: Callable[[], T]) -> T:
        """The answer to a question; `question` calls this client and waits.

        Raises:
            DependencyMissing: Kafka refused the user, its password or what it asks for.
            KafkaException: another error.
        """
        try:
            return question()
        except KafkaException as exc:
            admin.poll(0)
            self.check()
            self.check_permission(exc.args[0])
            raise

    def check_permission(self, error: KafkaError) -> None:
        """Does nothing unless the error says that the user may not do this.

        Raises:
            DependencyMissing: it may not.
        """
        if error.code() in _PERMISSIONS:
            raise self.forbidden(error.str())

    def forbidden(self, reason: str) -> DependencyMissing:
        """That the user lacks a permission, as an error to raise."""
        return DependencyMissing(
            f"Kafka at {self._servers} does not let the user {self._login.username} do this ({reason}): "
            "give it the permissions that docs/operations.md lists."
        )

    def unreachable(self) -> DependencyMissing:
        """That Kafka does not answer, as an error to raise."""
        return DependencyMissing(
            f"Kafka at {self._servers} does not answer. Start it (`aml up`) or set "
            "AML_KAFKA_BOOTSTRAP_SERVERS."
        )

    def _hear(self, error: KafkaError) -> None:
        if error.code() == KafkaError._SSL and _BAD_CERTIFICATE in error.str():  # noqa: SLF001 - as below
            self._distrust = _BAD_CERTIFICATE
        # A broker that stops while a client signs in is none that refuses it.
        if error.code() == KafkaError._AUTHENTICATION and _LOCAL not in error.str():  # noqa: SLF001 - its public name
            self._refusal = _reason(error)
