"""The destination ``webhook``: JSON batches over HTTP, signed, safe to repeat.

Requests follow Standard Webhooks (https://www.standardwebhooks.com): the headers ``webhook-id``,
``webhook-timestamp`` and ``webhook-signature`` (``v1,`` and the base64 HMAC-SHA256 of
``id.timestamp.body``). ``Idempotency-Key`` (IETF draft-ietf-httpapi-idempotency-key-header) equals
``webhook-id``: a receiver that knows it repeats its first answer and nothing else. What a receiver
has to do is described in docs/activation.md; ``sojourn.activation.receiver`` does it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from sojourn.activation.config import SyncConfigError
from sojourn.activation.destinations.base import (
    Batch,
    Capability,
    DestinationNotConfigured,
    Operation,
    Outcome,
    RowOutcome,
)

if TYPE_CHECKING:
    import httpx

    from sojourn.activation.config import Sync

# The answers that speak of the destination or the way to it, not of the rows.
_REFUSALS = {
    401: "it does not accept the signature or credentials",
    403: "it does not accept the signature or credentials",
    404: "there is nothing at the address",
    405: "the address takes no POST",
    407: "a proxy asks for credentials",
    410: "there is nothing at the address any more",
    413: "the batch is too large for it: lower batch_size",
    415: "it takes no JSON",
    431: "the headers are too large for it",
}
# 409: the request with this idempotency key is still being worked on.
_FOR_NOW = frozenset({408, 409, 425, 429})


class WebhookOptions(BaseModel):
    """``options:`` of a webhook sync.

    Attributes:
        connection: where the address is. ``crm`` stands for ``SOJOURN_CRM_URL`` and
            ``SOJOURN_CRM_SECRET``, or Airflow's connection ``sojourn_crm``.
        timeout_seconds: how long to wait for an answer.
        attempts: how often a request is tried in a run while it is refused for now.
        max_wait_seconds: how long a run waits between attempts, in all.
        allow_http: send unencrypted to other machines.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str = Field(default="webhook", pattern=r"^[a-z][a-z0-9_]*$")
    timeout_seconds: float = Field(default=30.0, gt=0)
    attempts: int = Field(default=4, ge=1, le=20)
    max_wait_seconds: float = Field(default=60.0, ge=0)
    allow_http: bool = False


def find_connection(name: str) -> tuple[str, SecretStr | None]:
    """Return address and secret of a connection: from the environment, else from Airflow.

    Airflow is asked only inside one of its tasks; there it may keep connections in its database
    or in a secrets backend. Address: the connection's host (with ``https`` unless the schema
    field says otherwise), port, and ``path`` in its extra field; secret: its password.

    Raises:
        DestinationNotConfigured: when neither has it.
    """
    prefix = f"SOJOURN_{name.upper()}"
    url, secret = os.environ.get(f"{prefix}_URL"), os.environ.get(f"{prefix}_SECRET")
    if not url and os.environ.get("AIRFLOW_CTX_DAG_ID"):
        url, secret = _airflow_connection(f"sojourn_{name}")
    if not url:
        raise DestinationNotConfigured(
            f"Not sent: no address is set. Set {prefix}_URL (and {prefix}_SECRET, to sign "
            f"requests), or create the Airflow connection sojourn_{name}."
        )
    return url, SecretStr(secret) if secret else None


def _airflow_connection(connection_id: str) -> tuple[str | None, str | None]:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        found = Connection.get(connection_id)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return None, None
    if not found.host:
        return None, None
    if "://" in found.host:
        url = found.host
    else:
        port = f":{found.port}" if found.port else ""
        path = str(found.extra_dejson.get("path", "")).lstrip("/")
        url = f"{found.schema or 'https'}://{found.host}{port}/{path}"
    return url, found.password


def secret_bytes(secret: str) -> bytes:
    """Return a secret's bytes; ``whsec_`` marks base64, as in Standard Webhooks."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raise SyncConfigError(
                "The webhook's secret begins with whsec_ but is not base64 after it; "
                "copy it again, or use a secret without that beginning."
            ) from None
    return secret.encode()


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature`` for a request."""
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret, content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def encode(batch: Batch) -> bytes:
    """Return the body of a batch; the same batch has the same body."""

    def row(operation: Operation) -> dict[str, Any]:
        content: dict[str, Any] = {
            "operation": operation.kind,
            "key": operation.key,
            "operation_id": operation.operation_id,
            "version": operation.version,
        }
        if operation.kind != "remove":
            content["fields"] = dict(operation.fields)
        return content

    content = {
        "sync": batch.sync,
        "request_id": batch.request_id,
        "rows": [row(operation) for operation in batch.operations],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` header (seconds or HTTP date) asks to wait."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - now).total_seconds()
    return max(seconds, 0.0) if seconds < 10**9 else None


def read_answer(content: bytes, content_type: str, keys: frozenset[str]) -> Outcome:
    """Return what a 2xx answer says about the rows with these keys.

    Without content, or with anything but a JSON object with ``results``, all rows were accepted.
    """
    accepted = RowOutcome("acknowledged")
    unreadable = Outcome(RowOutcome("unknown", "the destination's answer cannot be read"))
    if not content.strip():
        return Outcome(accepted)
    try:
        answer = json.loads(content)
    except ValueError:
        return unreadable if "json" in content_type.lower() else Outcome(accepted)
    if not isinstance(answer, dict) or answer.get("results") is None:
        return Outcome(accepted)
    if not isinstance(answer["results"], list):
        return unreadable
    rows = {}
    for result in answer["results"]:
        if not isinstance(result, dict) or str(result.get("key")) not in keys:
            return unreadable
        rows[str(result["key"])] = _row_outcome(result)
    return Outcome(accepted, rows)


def _row_outcome(result: Mapping[str, Any]) -> RowOutcome:
    status = result.get("status", "accepted")
    if status == "accepted":
        external_id = result.get("external_id")
        return RowOutcome(
            "acknowledged", external_id=None if external_id is None else str(external_id)
        )
    if status == "rejected":
        return RowOutcome("rejected", str(result.get("reason") or "no reason given"))
    return RowOutcome("unknown", "the destination's answer cannot be read")


class _ForNow(Exception):
    """A refusal that may pass; holds the reason and how long to wait."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_seconds = wait_seconds


class WebhookDestination:
    """Sends batches to an address as JSON. Personal data stays out of all it reports."""

    name = "webhook"
    capabilities: frozenset[Capability] = frozenset({"upsert", "remove", "send"})

    def __init__(
        self,
        sync: Sync,
        *,
        url: str | None = None,
        secret: SecretStr | str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        try:
            self.options = WebhookOptions.model_validate(sync.options)
        except ValidationError as error:
            finding = error.errors()[0]
            raise SyncConfigError(
                f"Sync {sync.name!r}: options: {'.'.join(str(part) for part in finding['loc'])}: "
                f"{finding['msg']}. The options of webhook are: "
                f"{', '.join(WebhookOptions.model_fields)}."
            ) from None
        if url is None:
            url, secret = find_connection(self.options.connection)
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL:
            raise SyncConfigError("The webhook's address is not a URL; correct it.") from None
        is_local = _is_local(self._url.host)
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise SyncConfigError(
                "The webhook's address is not a URL of the form https://host/path; correct it."
            )
        if self._url.scheme == "http" and not (is_local or self.options.allow_http):
            raise SyncConfigError(
                f"Sync {sync.name!r}: its address is http, so personal data would travel "
                "unencrypted. Use https, or set options: {allow_http: true} inside a network "
                "that you trust."
            )
        if isinstance(secret, str):
            secret = SecretStr(secret)
        self._secret = secret_bytes(secret.get_secret_value()) if secret else None
        self._sleep = sleep
        # httpx logs each address, which may hold a token.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.Client(
            timeout=httpx.Timeout(self.options.timeout_seconds),
            follow_redirects=False,
            trust_env=not is_local,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, batch: Batch) -> Outcome:
        """Send one batch; wait and try again, within bounds, while it is refused for now."""
        import tenacity

        exponential = tenacity.wait_random_exponential(multiplier=0.5, max=15)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait_seconds if isinstance(error, _ForNow) else None
            return exponential(state) if asked is None else asked

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_ForNow),
            stop=tenacity.stop_after_attempt(self.options.attempts)
            | tenacity.stop_before_delay(self.options.max_wait_seconds),
            wait=wait,
            sleep=self._sleep,
            reraise=True,
        )
        body = encode(batch)
        keys = frozenset(operation.key for operation in batch.operations)
        try:
            return retrying(self._attempt, batch.request_id, body, keys)
        except _ForNow as error:
            next_attempt_at = None
            if error.wait_seconds is not None:
                now = datetime.now(UTC).replace(tzinfo=None)
                next_attempt_at = now + timedelta(seconds=error.wait_seconds)
            return Outcome(
                RowOutcome("failed", error.reason),
                next_attempt_at=next_attempt_at,
                stop=error.wait_seconds is not None,
            )

    def _headers(self, request_id: str, body: bytes) -> dict[str, str]:
        timestamp = int(time.time())
        headers = {
            "content-type": "application/json",
            "user-agent": "sojourn",
            "idempotency-key": request_id,
            "webhook-id": request_id,
            "webhook-timestamp": str(timestamp),
        }
        if self._secret is not None:
            headers["webhook-signature"] = sign(self._secret, request_id, timestamp, body)
        return headers

    def _attempt(self, request_id: str, body: bytes, keys: frozenset[str]) -> Outcome:
        import httpx

        try:
            response = self._client.post(
                self._url, content=body, headers=self._headers(request_id, body)
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            # No byte of the request has left.
            raise _ForNow(f"no connection: {type(error).__name__}") from None
        except httpx.TimeoutException:
            return Outcome(RowOutcome("unknown", "no answer in time"))
        except httpx.TransportError as error:
            return Outcome(RowOutcome("unknown", f"the answer was lost: {type(error).__name__}"))
        return self._judge(response, keys)

    def _judge(self, response: httpx.Response, keys: frozenset[str]) -> Outcome:
        status = response.status_code
        if 200 <= status < 300:
            return read_answer(response.content, response.headers.get("content-type", ""), keys)
        if status in _FOR_NOW or status >= 500:
            wait_seconds = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
            raise _ForNow(f"HTTP {status}", wait_seconds)
        if status in _REFUSALS or 300 <= status < 400:
            why = _REFUSALS.get(status, "it redirects; set the address that it redirects to")
            return Outcome(RowOutcome("failed", f"HTTP {status}: {why}"), stop=True)
        return Outcome(RowOutcome("rejected", f"HTTP {status}: {_reason(response)}"))


def _reason(response: httpx.Response) -> str:
    """Return the reason that an error answer gives; the engine takes personal data out of it."""
    try:
        answer = response.json()
    except ValueError:
        return "no reason given"
    if isinstance(answer, dict):
        for name in ("reason", "message", "error", "detail", "title"):
            if isinstance(answer.get(name), str):
                return str(answer[name])
    return "no reason given"


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
