"""The worker's metrics."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

WORKER = CollectorRegistry()
"""Of the worker alone."""
ProcessCollector(registry=WORKER)

JOBS = Counter(
    "aml_jobs",
    "Jobs that this worker has done: `done`, `again` (tried again later) or `failed`",
    ["task", "outcome"],
    registry=WORKER,
)
JOB_SECONDS = Histogram(
    "aml_job_seconds",
    "Seconds that one job took",
    ["task"],
    registry=WORKER,
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900),
)
WAITS = Counter("aml_worker_waits", "Times this worker waited for the record", registry=WORKER)
