"""A cluster of one's own: TLS with its own certificates, SCRAM, one user for all parts or one for each."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import certifi
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are public
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from pydantic import SecretStr

from app.errors import DependencyMissing
from app.settings import Settings
from app.stores.kafka import client_options
from app.stores.kafka_offsets import TopicReader
from embedded import kafka as embedded_kafka
from embedded.ports import draw, is_free
from embedded.stack import Stack
from embedded.urls import environment
from ingest.kafka.producer import produce
from ingest.kafka.topics import await_coordinator, ensure_topics
from tests.support.builders import transfer

MECHANISM = "SCRAM-SHA-512"
PASSWORD = "of the user aml, by scram"  # noqa: S105 - of servers that forget everything


class Cluster(NamedTuple):
    """Settings of one user who may do everything, and of a consumer and a producer."""

    admin: Settings
    users: Settings


def certificate(folder: Path) -> Path:
    """A key with its certificate of `localhost`, which nobody else has signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not there")
    key, signed, both = (folder / name for name in ("key.pem", "signed.pem", "both.pem"))
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject)
    command = [openssl, *new, "-keyout", str(key), "-out", str(signed)]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(key.read_text() + signed.read_text())
    return both


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The embedded broker with one more listener, as somebody else might have set it up."""
    folder = tmp_path_factory.mktemp("own")
    pem = certificate(folder)
    port = next(port for port in iter(draw, None) if is_free(port))
    with pytest.MonkeyPatch.context() as patch:
        usual = embedded_kafka._settings

        def with_tls(*arguments: object) -> dict[str, object]:
            settings = usual(*arguments)  # type: ignore[arg-type] # passed on as they are
            protocols = f"{settings['listener.security.protocol.map']},TLS:SASL_SSL"
            module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            return settings | {
                "listeners": f"{settings['listeners']},TLS://127.0.0.1:{port}",
                "advertised.listeners": f"{settings['advertised.listeners']},TLS://localhost:{port}",
                "listener.security.protocol.map": protocols,
                "listener.name.tls.sasl.enabled.mechanisms": MECHANISM,
                f"listener.name.tls.{MECHANISM.lower()}.sasl.jaas.config": module,
                "listener.name.tls.ssl.keystore.type": "PEM",
                "listener.name.tls.ssl.keystore.location": str(pem),
            }

        patch.setattr(embedded_kafka, "_settings", with_tls)
        with Stack(folder / "home", services=("kafka",), durable=False) as stack:
            variables = environment(stack.urls)
            inside = Settings.model_validate(
                {name.removeprefix("AML_").lower(): value for name, value in variables.items()}
            )
            add_users(inside)
            users = inside.model_copy(
                update={
                    "kafka_bootstrap_servers": f"localhost:{port}",
                    "kafka_security_protocol": "SASL_SSL",
                    "kafka_sasl_mechanism": MECHANISM,
                    "kafka_ca_file": pem.with_name("signed.pem"),
                    **{f"kafka_{part}password": SecretStr(PASSWORD) for part in ("", "producer_", "admin_")},
                }
            )
            alone = {
                "kafka_username": "admin",
                "kafka_producer_username": None,
                "kafka_admin_username": None,
            }
            yield Cluster(users.model_copy(update=alone), users)


def add_users(inside: Settings) -> None:
    admin = AdminClient(client_options(inside, "admin"))
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    users = [UserScramCredentialUpsertion(n, info, PASSWORD.encode()) for n in ("admin", "aml", "producer")]
    for added in admin.alter_user_scram_credentials(users).values():
        added.result(30)


def test_one_user_may_do_all_parts(cluster: Cluster) -> None:
    settings = cluster.admin.model_copy(
        update={"transfers_topic": "alone", "dead_letter_topic": "alone.dead", "consumer_group": "alone"}
    )
    ensure_topics(settings)
    await_coordinator(settings)
    assert produce([transfer(1, 1, 2, 1_000)], settings) == 1
    offsets = TopicReader(settings).offsets(timeout_seconds=10)
    assert offsets is not None
    assert sum(each.end for each in offsets.partitions.values()) == 1


def test_aml_topics_gives_each_part_its_permissions(cluster: Cluster) -> None:
    ensure_topics(cluster.users)
    without_admin = cluster.users.model_copy(update={"kafka_admin_username": None})
    await_coordinator(without_admin)
    assert produce([transfer(1, 1, 2, 1_000)], without_admin) == 1
    assert TopicReader(without_admin).topic_id(timeout_seconds=10)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kafka_password": SecretStr("wrong")}, "refuses the user aml or its password"),
        ({"kafka_ca_file": Path(certifi.where())}, "certificate .*AML_KAFKA_CA_FILE"),
    ],
)
def test_what_is_wrong_is_one_sentence_within_seconds(
    cluster: Cluster, changes: dict[str, object], sentence: str
) -> None:
    began = monotonic()
    with pytest.raises(DependencyMissing, match=sentence):
        await_coordinator(cluster.users.model_copy(update=changes))
    assert monotonic() - began < 5
