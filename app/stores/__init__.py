"""The only code that talks to PostgreSQL and Neo4j, and to Kafka about its offsets."""
