"""Traces from produce to commit (OpenTelemetry), off unless `AML_OTLP_ENDPOINT` says where to send them.

Everything here costs next to nothing while they are off: the spans are the API's empty ones, no header is
written or read, and the SDK is not even imported.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.settings import Settings

MOST_LINKS = 64
"""Of one span: a batch may hold the messages of thousands of producers."""

tracer = trace.get_tracer("aml")
_w3c = TraceContextTextMapPropagator()
W3C_HEADERS = _w3c.fields


class _Tracing:
    """Whether this process traces."""

    on = False


def start_tracing(settings: Settings, service: str) -> None:
    """Sends spans to the endpoint from here on, under that service's name, and the last ones at exit.

    The standard `OTEL_*` variables say the rest (headers, sampler, attributes): the SDK reads them.
    """
    if _Tracing.on or not settings.otlp_endpoint:
        return
    # Most processes never trace, and the SDK takes a third of a second to import.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    _Tracing.on = True


def is_tracing() -> bool:
    """Whether spans go anywhere."""
    return _Tracing.on


def trace_headers() -> dict[str, str]:
    """The current span as W3C headers (`traceparent`), for whom the message or request goes to."""
    headers: dict[str, str] = {}
    if _Tracing.on:
        _w3c.inject(headers)
    return headers


def origin(headers: Mapping[str, str]) -> trace.SpanContext | None:
    """The span that W3C headers name; None when they name none, or nothing is traced."""
    if not _Tracing.on:
        return None
    named = trace.get_current_span(_w3c.extract(headers)).get_span_context()
    return named if named.is_valid else None


def below(span: trace.SpanContext | None) -> Context | None:
    """Where a span begins that has this one, of another thread or process, above it."""
    return None if span is None else trace.set_span_in_context(trace.NonRecordingSpan(span))


def links(spans: Iterable[trace.SpanContext | None]) -> list[trace.Link]:
    """Links to different spans, the first so many of them."""
    different: dict[tuple[int, int], trace.Link] = {}
    for span in spans:
        if span is not None:
            different.setdefault((span.trace_id, span.span_id), trace.Link(span))
            if len(different) == MOST_LINKS:
                break
    return list(different.values())


@contextmanager
def asked_in_trace(question: str) -> Iterator[None]:
    """A span for a question to a store, if it belongs to a trace: alone it would tell nothing."""
    if not trace.get_current_span().get_span_context().is_valid:
        yield
        return
    with tracer.start_as_current_span(question, kind=trace.SpanKind.CLIENT):
        yield


def name_trace(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's own shape
    """Puts the ids of the current trace and span on a log line."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        line["trace_id"], line["span_id"] = f"{span.trace_id:032x}", f"{span.span_id:016x}"
    return line
