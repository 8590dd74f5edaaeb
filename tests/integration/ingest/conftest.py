"""A topic of one partition, where offsets are known before."""

import pytest

from app.settings import Settings
from ingest.kafka.topics import ensure_topics


@pytest.fixture
def one(settings: Settings) -> Settings:
    """Settings of a topic with one partition, which is there."""
    settings = settings.model_copy(update={"topic_partitions": 1})
    ensure_topics(settings)
    return settings
