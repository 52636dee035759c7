"""Signed links with which a person says "I have it" from a phone, without logging in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

VALID_FOR = timedelta(days=3)
"""How long a link works by default."""


class BadAckError(ValueError):
    """A link that was changed, was not ours, or is too old; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AckToken:
    """What an acknowledge link says: which case, which delivery, whose, until when."""

    incident_id: str
    delivery_id: str
    receiver: str
    expires_at: datetime


def sign(token: AckToken, secret: bytes) -> str:
    """Return the text of a link: payload and HMAC-SHA256, both URL-safe."""
    payload = json.dumps(
        [token.incident_id, token.delivery_id, token.receiver, int(token.expires_at.timestamp())],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    return f"{_b64(payload)}.{_b64(_mac(payload, secret))}"


def verify(text: str, secret: bytes, now: datetime) -> AckToken:
    """Return what a link says, or raise BadAckError; never trusts a part before the whole."""
    try:
        payload_text, mac_text = text.split(".")
        payload, mac = _unb64(payload_text), _unb64(mac_text)
    except (ValueError, binascii.Error):
        raise BadAckError("签收链接不完整：请从原消息中重新打开") from None
    if not hmac.compare_digest(mac, _mac(payload, secret)):
        raise BadAckError("签收链接无效：签名不符")
    incident_id, delivery_id, receiver, expires = json.loads(payload)
    expires_at = datetime.fromtimestamp(expires, UTC)
    if now >= expires_at:
        raise BadAckError("签收链接已过期：请登录系统签收")
    return AckToken(
        incident_id=incident_id,
        delivery_id=delivery_id,
        receiver=receiver,
        expires_at=expires_at,
    )


def _mac(payload: bytes, secret: bytes) -> bytes:
    if not secret:
        raise BadAckError("未设置签收密钥")
    return hmac.new(secret, b"yuqing-ack\x00" + payload, hashlib.sha256).digest()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
