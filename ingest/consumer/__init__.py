"""The consumer process: Kafka messages into the record, and from the record into the graph."""
