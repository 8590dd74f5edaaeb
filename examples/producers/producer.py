"""A producer in Python: events of the contract, keyed `chain:asset`, acknowledged by every replica.

python examples/producers/producer.py 127.0.0.1:9092 transfers < events.jsonl
"""

import json
import sys

from confluent_kafka import Producer


def main(servers: str, topic: str) -> None:
    """Sends each line of the input."""
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "acks": "all"})
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
