"""A receiver of traces over HTTP, as an OpenTelemetry collector is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Received:
    """The spans that arrived, each once though a sender in doubt repeats it, and who sent them."""

    endpoint: str
    spans: dict[bytes, Span] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)

    def named(self, name: str) -> list[Span]:
        """Every span of that name."""
        return [span for span in self.spans.values() if span.name == name]


@contextmanager
def receiving() -> Iterator[Received]:
    """Receives inside the block, on a loopback port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
                attributes = {a.key: a.value.string_value for a in of_service.resource.attributes}
                received.services.add(attributes["service.name"])
                received.spans |= {s.span_id: s for scope in of_service.scope_spans for s in scope.spans}
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Received(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
