"""Who may do what with the two topics: a producer writes one, the consumer reads it and writes the other."""

from collections.abc import Iterable, Iterator
from time import monotonic, sleep
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are public
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.kafka import KafkaAccess, Part, login

ANSWER_SECONDS: Final = 15.0
_ALL: Final = AclBindingFilter(
    ResourceType.ANY,
    None,  # type: ignore[arg-type] # any name, as its documentation says; and so below
    ResourcePatternType.ANY,
    None,  # type: ignore[arg-type]
    None,  # type: ignore[arg-type]
    AclOperation.ANY,
    AclPermissionType.ANY,
)


def permissions(settings: Settings) -> frozenset[AclBinding]:
    """What the consumer's and the producer's user need, and nothing more.

    The consumer may also create the two topics: one that is deleted comes back with it.
    """
    topics = (settings.transfers_topic, settings.dead_letter_topic)
    group = (ResourceType.GROUP, settings.consumer_group)
    transfers, dead = ((ResourceType.TOPIC, topic) for topic in topics)
    create, read, write = AclOperation.CREATE, AclOperation.READ, AclOperation.WRITE
    describe = AclOperation.DESCRIBE
    return frozenset(
        (
            *_allow(settings, "producer", *transfers, write, describe),
            *_allow(settings, "consumer", *transfers, read, describe, create),
            *_allow(settings, "consumer", *dead, write, describe, create),
            *_allow(settings, "consumer", *group, read, describe),
        )
    )


def ensure_permissions(settings: Settings, access: KafkaAccess, admin: AdminClient) -> None:
    """Gives the permissions that are missing, and returns once the broker that was asked applies them.

    Nothing is done where one user has all parts, or where the brokers know no permissions.

    Raises:
        DependencyMissing: Kafka does not let this user give permissions, or does not apply them in time.
        KafkaException: another error.
    """
    if settings.kafka_admin_username is None or not settings.kafka_security_protocol.startswith("SASL_"):
        return
    _give(permissions(settings), access, admin)


def allow_reading(settings: Settings, topics: Iterable[str]) -> None:
    """Lets the consumer's user read other programs' topics, where this program gives permissions.

    Raises:
        DependencyMissing: as `ensure_permissions`.
    """
    if settings.kafka_admin_username is None or not settings.kafka_security_protocol.startswith("SASL_"):
        return
    access = KafkaAccess(settings, "admin")
    read = (AclOperation.READ, AclOperation.DESCRIBE)
    needed = frozenset(
        binding
        for topic in topics
        for binding in _allow(settings, "consumer", ResourceType.TOPIC, topic, *read)
    )
    _give(needed, access, AdminClient(access.options))


def _give(needed: frozenset[AclBinding], access: KafkaAccess, admin: AdminClient) -> None:
    try:
        missing = needed - _present(access, admin)
    except KafkaException as exc:
        if exc.args[0].code() == KafkaError.SECURITY_DISABLED:
            return
        raise
    if missing:
        created = admin.create_acls([*missing], request_timeout=ANSWER_SECONDS)
        for future in created.values():
            access.ask(admin, future.result)
    deadline = monotonic() + ANSWER_SECONDS
    while missing:
        if monotonic() > deadline:
            raise DependencyMissing("Kafka has taken permissions and does not apply them: see its log.")
        sleep(0.02)  # an answer comes before the broker applies it
        missing = needed - _present(access, admin)


def _present(access: KafkaAccess, admin: AdminClient) -> set[AclBinding]:
    described = admin.describe_acls(_ALL, request_timeout=ANSWER_SECONDS)
    return {*access.ask(admin, described.result)}


def _allow(
    settings: Settings, part: Part, kind: ResourceType, name: str, *operations: AclOperation
) -> Iterator[AclBinding]:
    principal = f"User:{login(settings, part).username}"
    for operation in operations:
        yield AclBinding(
            kind, name, ResourcePatternType.LITERAL, principal, "*", operation, AclPermissionType.ALLOW
        )
