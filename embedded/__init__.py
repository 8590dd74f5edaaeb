"""PostgreSQL, Kafka and Neo4j as plain child processes on loopback: no Docker, no installed Java."""
