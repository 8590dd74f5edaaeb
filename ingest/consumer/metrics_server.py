"""The consumer's own `/metrics`."""

from contextlib import AbstractContextManager

from app.metrics_server import serving_metrics_of
from app.settings import Settings
from ingest.instruments import CONSUMER


def serving_metrics(settings: Settings) -> AbstractContextManager[None]:
    """Answers `GET /metrics` of the consumer inside the block, if a port is set.

    Raises:
        InvalidInput: the address is not a loopback one, and no token would be required.
    """
    return serving_metrics_of(
        settings,
        CONSUMER,
        settings.consumer_metrics_host,
        settings.consumer_metrics_port,
        setting="AML_CONSUMER_METRICS_HOST",
    )
