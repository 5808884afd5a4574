"""A faithful receiver of webhook batches on this machine, for tests and the demo.

It verifies signatures, honours idempotency keys and versions, keeps the state that it was told
(and, one JSON line a request, a file that survives it), and can misbehave on demand:

    with Receiver(path, secret="s3cret") as receiver:
        receiver.faults.append(Fault("answer", status=429, retry_after=1))
        ...  # send to receiver.url
        receiver.state("audience_members")

``python -m sojourn.activation.receiver --path var/received.jsonl --port 8099`` runs it by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from sojourn.activation.destinations.webhook import secret_bytes, sign

FaultKind = Literal[
    "answer", "reject", "reject_half", "time_out", "drop_request", "drop_answer", "late", "call"
]
_TOLERANCE_SECONDS = 300
_LARGEST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Fault:
    """How the receiver misbehaves on one request.

    ``answer``: answers ``status`` (with ``retry_after``) and does nothing. ``reject`` and
    ``reject_half``: takes none or the second half of the rows, and says so. ``time_out``: does it,
    and keeps silent for ``seconds``. ``drop_request``: closes the connection and does nothing.
    ``drop_answer``: does it, and closes the connection. ``late``: as ``drop_answer``, but does it
    only on ``apply_late()``. ``call``: does it as usual, after ``action``, which any kind may have.
    """

    kind: FaultKind
    status: int = 500
    retry_after: float | None = None
    seconds: float = 1.0
    body: bytes = b""
    action: Callable[[], None] | None = None


@dataclass
class Memory:
    """What a receiver knows: rows by sync and key, sent rows, and the answers that it gave."""

    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    effects: int = 0

    def state(self, sync: str) -> dict[str, dict[str, Any]]:
        """Return the rows of a sync: key to fields."""
        return {key: fields for (name, key), fields in self.rows.items() if name == sync}

    def sent_rows(self, sync: str) -> list[dict[str, Any]]:
        """Return the rows that were sent once, in the order in which they took effect."""
        return [row for row in self.sent.values() if row["sync"] == sync]

    def apply(
        self, request_id: str, content: dict[str, Any], rejected: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """Do what a request asks, once, and return the answer (the first one when repeated)."""
        if request_id in self.answers:
            return self.answers[request_id]
        results = []
        for row in content["rows"]:
            if row["key"] in rejected and row["operation_id"] not in self.sent:
                results.append(
                    {"key": row["key"], "status": "rejected", "reason": "not taken, for a test"}
                )
                continue
            self._apply_row(content["sync"], row)
            external_id = hashlib.sha256(f"{content['sync']}/{row['key']}".encode()).hexdigest()
            results.append(
                {"key": row["key"], "status": "accepted", "external_id": external_id[:16]}
            )
        self.answers[request_id] = {"results": results}
        return self.answers[request_id]

    def _apply_row(self, sync: str, row: dict[str, Any]) -> None:
        place = (sync, row["key"])
        if row["operation"] == "send":
            if row["operation_id"] not in self.sent:
                self.sent[row["operation_id"]] = {"sync": sync, **row}
                self.effects += 1
            return
        # A request that was under way for long must not undo a newer one.
        if row["version"] < self.versions.get(place, 0):
            return
        self.versions[place] = row["version"]
        self.effects += 1
        if row["operation"] == "remove":
            self.rows.pop(place, None)
        else:
            self.rows[place] = dict(row["fields"])


class Receiver:
    """A receiver on the loopback interface, on a port that is free unless one is given.

    Args:
        path: a file for what it received, one JSON object a line; when it exists already, the
            receiver starts with what it says. It holds personal data.
        secret: the secret that requests must be signed with; None takes unsigned ones.
        port: 0 for any.
    """

    def __init__(
        self, path: Path | None = None, *, secret: str | None = None, port: int = 0
    ) -> None:
        self.path = path
        self.memory = Memory()
        self.faults: deque[Fault] = deque()
        self.requests: list[dict[str, Any]] = []
        self._secret = secret_bytes(secret) if secret else None
        self._late: list[tuple[str, dict[str, Any]]] = []
        self._lock = threading.Lock()
        if path is not None and path.is_file():
            self._recall(path)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        """The address to send to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Receiver:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self.close()

    def close(self) -> None:
        """Stop listening."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def state(self, sync: str) -> dict[str, dict[str, Any]]:
        """Return the rows of a sync as they are here: key to fields."""
        with self._lock:
            return self.memory.state(sync)

    def apply_late(self) -> None:
        """Do what requests asked whose fault was ``late``."""
        with self._lock:
            for request_id, content in self._late:
                self._apply(request_id, content, frozenset())
            self._late.clear()

    def _recall(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # The last line, when the receiver was killed while it wrote.
            self.memory.apply(entry["request_id"], entry, frozenset(entry["rejected"]))
            self.memory.digests[entry["request_id"]] = entry["digest"]

    def _apply(
        self, request_id: str, content: dict[str, Any], rejected: frozenset[str], digest: str = ""
    ) -> dict[str, Any]:
        """Do and remember a request; the caller holds the lock."""
        is_new = request_id not in self.memory.answers
        answer = self.memory.apply(request_id, content, rejected)
        if is_new:
            self.memory.digests[request_id] = digest
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                entry = {
                    "received_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    "rejected": sorted(rejected),
                    "digest": digest,
                    **content,
                    "request_id": request_id,
                }
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        return answer

    def handle(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int | None, dict[str, str], bytes]:
        """Take a request; return status, headers and body of the answer, or no status at all."""
        fault = self.faults.popleft() if self.faults else None
        request_id = headers.get("idempotency-key", "")
        if fault is not None and fault.action is not None:
            fault.action()
        if fault is not None and fault.kind == "answer":
            extra = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
            return fault.status, extra, fault.body
        if fault is not None and fault.kind == "drop_request":
            return None, {}, b""
        if not request_id:
            return 400, {}, _json({"reason": "Idempotency-Key is missing"})
        if self._secret is not None and not self._is_signed(headers, request_id, body):
            return 401, {}, _json({"reason": "the signature is missing or wrong"})
        try:
            content = json.loads(body)
            keys = [row["key"] for row in content["rows"]]
        except (ValueError, KeyError, TypeError):
            return 400, {}, _json({"reason": "the body is not a batch"})
        digest = hashlib.sha256(body).hexdigest()
        with self._lock:
            known = self.memory.digests.get(request_id)
            if known and known != digest:
                return 422, {}, _json({"reason": "the Idempotency-Key was used for other content"})
            self.requests.append({"request_id": request_id, **content})
            if fault is not None and fault.kind == "late":
                self._late.append((request_id, content))
                return None, {}, b""
            rejected: list[str] = []
            if fault is not None and fault.kind == "reject":
                rejected = keys
            elif fault is not None and fault.kind == "reject_half":
                rejected = keys[len(keys) // 2 :]
            answer = self._apply(request_id, content, frozenset(rejected), digest)
        if fault is not None and fault.kind == "time_out":
            time.sleep(fault.seconds)
        if fault is not None and fault.kind in ("drop_answer", "time_out"):
            return None, {}, b""
        return 200, {}, _json(answer)

    def _is_signed(self, headers: dict[str, str], request_id: str, body: bytes) -> bool:
        timestamp = headers.get("webhook-timestamp", "")
        if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > _TOLERANCE_SECONDS:
            return False
        expected = sign(self._secret or b"", request_id, int(timestamp), body)
        return hmac.compare_digest(expected, headers.get("webhook-signature", ""))


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            if length > _LARGEST_BODY:
                self.send_error(413)
                return
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra, answer = receiver.handle(headers, body)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if answer:
                self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: requests hold personal data."""

    return Handler


def main() -> None:
    """Run a receiver until it is interrupted."""
    import argparse
    import os

    parser = argparse.ArgumentParser(description="Receive webhook batches on this machine.")
    parser.add_argument("--path", type=Path, default=Path("var/received.jsonl"))
    parser.add_argument("--port", type=int, default=8099)
    arguments = parser.parse_args()
    secret = os.environ.get("SOJOURN_WEBHOOK_SECRET")
    with Receiver(arguments.path, secret=secret, port=arguments.port) as receiver:
        print(f"Receiving at {receiver.url}; what arrives is kept in {arguments.path}.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Stopped.")


if __name__ == "__main__":
    main()
