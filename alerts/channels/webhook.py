"""A generic webhook: JSON, signed with HMAC-SHA256 over the time and the body."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from alerts.channels._http import failed
from alerts.contract import ChannelSettings, Sent, Transport
from models.named_secrets import NoSecretError, secret_of
from models.records import Delivery


class Webhook(ChannelSettings):
    """POSTs each delivery to a URL. A receiver drops repeats by `Idempotency-Key`.

    `X-Yuqing-Signature` is `sha256=` and the hexadecimal HMAC-SHA256 of the value of
    `X-Yuqing-Timestamp` (Unix seconds), a full stop, and the body.
    """

    kind: Literal["webhook"] = "webhook"
    url: str = Field(pattern=r"^https?://\S+$")
    secret_env: str = Field(
        default="", pattern=r"^(|[A-Z][A-Z0-9_]*)$", description="Variable that holds the key"
    )
    deadline_seconds: float = Field(default=10, gt=0, le=60)

    async def send(self, delivery: Delivery, transport: Transport) -> Sent:
        """POST once; a 2xx answer is confirmation."""
        body = _body(delivery)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": delivery.id,
        }
        if self.secret_env:
            try:
                key = secret_of(self.secret_env)
            except NoSecretError as error:
                return Sent(ok=False, permanent=True, detail=str(error))
            stamp = str(int(datetime.now(UTC).timestamp()))
            headers["X-Yuqing-Timestamp"] = stamp
            headers["X-Yuqing-Signature"] = signature(key.encode(), stamp, body)
        posted = await transport.post(self.url, body, headers, self.deadline_seconds)
        return failed(posted) or Sent(ok=True, detail=f"HTTP {posted.status}")


def signature(key: bytes, stamp: str, body: bytes) -> str:
    """Return the value of the signature header, for senders and for those who check it."""
    return "sha256=" + hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _body(delivery: Delivery) -> bytes:
    card = json.loads(delivery.card) if delivery.card else {}
    message = {
        "id": delivery.id,
        "reason": delivery.reason,
        "level": delivery.level.colour,
        "subject": delivery.subject,
        "incident_id": delivery.incident_id,
        "receiver": delivery.receiver,
        "exercise": delivery.exercise,
        "card": card,
    }
    return json.dumps(message, ensure_ascii=False).encode()


KIND = Webhook
