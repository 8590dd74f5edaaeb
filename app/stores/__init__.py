"""The only doors to PostgreSQL and Neo4j, and to Kafka's offsets."""
