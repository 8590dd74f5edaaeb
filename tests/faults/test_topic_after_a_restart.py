"""A topic made anew after a restart of Kafka: its leader epochs begin again below those of the old one."""

from ingest.kafka.topics import ensure_topics
from tests.faults.trial import Trial
from tests.support.ingesting import wait_until
from tests.support.record import rows
from tests.support.topics import blocks, delete_topic, send

HOLES = "SELECT DISTINCT reason FROM holes"


def test_a_topic_made_anew_after_a_restart_of_kafka_is_read_without_a_restart_of_the_consumer(
    trial: Trial,
) -> None:
    consumer = trial.consumer()
    send(trial.settings, 0, 10)
    wait_until(lambda: len(blocks(trial.postgres)) == 10)
    trial.stack.kill("kafka")
    trial.stack.restart("kafka")
    send(trial.settings, 10, 20)
    wait_until(lambda: len(blocks(trial.postgres)) == 20)
    delete_topic(trial.settings)
    wait_until(lambda: b"partitions_revoked" in consumer.log.read_bytes()[consumer.log_start :])
    ensure_topics(trial.settings)
    send(trial.settings, 20, 30)
    wait_until(lambda: len(blocks(trial.postgres)) == 30)
    assert rows(trial.postgres, HOLES) == [("topic_made_anew",)]
    assert consumer.process.poll() is None
