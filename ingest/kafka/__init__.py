"""Kafka: topics, producers, dead letters and their replay."""
