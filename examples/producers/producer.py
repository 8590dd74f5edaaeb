"""A producer in Python: events of the contract, keyed `chain:asset`, acknowledged by every replica.

python examples/producers/producer.py 127.0.0.1:9092 transfers < events.jsonl
"""

import json
import os
import sys

from confluent_kafka import Producer

LOGIN = {
    "security.protocol": ["AML_KAFKA_SECURITY_PROTOCOL"],
    "sasl.mechanisms": ["AML_KAFKA_SASL_MECHANISM"],
    "sasl.username": ["AML_KAFKA_USERNAME", "AML_KAFKA_PRODUCER_USERNAME"],
    "sasl.password": ["AML_KAFKA_PASSWORD", "AML_KAFKA_PRODUCER_PASSWORD"],
}
"""Where Kafka asks for a password; of several variables the last that is set counts."""


def main(servers: str, topic: str) -> None:
    """Sends each line of the input."""
    login = {
        name: os.environ[variable]
        for name, variables in LOGIN.items()
        for variable in variables
        if variable in os.environ
    }
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "acks": "all", **login})
    failures: list[str] = []
    for line in sys.stdin:
        event = json.loads(line)
        producer.produce(
            topic,
            line.strip().encode(),
            key=f"{event['chain']}:{event['asset']}",
            on_delivery=lambda error, _: failures.append(str(error)) if error else None,
        )
        producer.poll(0)
    if producer.flush(60) or failures:
        raise SystemExit(f"Not everything was delivered: {failures[:3]}. Send it again: repeats do no harm.")


if __name__ == "__main__":
    main(*sys.argv[1:3])
