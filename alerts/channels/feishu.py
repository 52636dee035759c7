"""飞书 custom robot, signed: 100 messages a minute, 5 a second, bodies up to 20 KB."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from alerts.channels._robot import answer_of, post_json
from alerts.channels._text import cut_bytes, markdown
from alerts.contract import ChannelSettings, Sent, Transport
from models.named_secrets import NoSecretError, secret_of
from models.records import Delivery, Level

BODY_BYTES = 16_000
BAD_KEY = frozenset({9499, 19001, 19021, 19022, 19024})
BUSY = {
    11232: timedelta(minutes=1),
    9466: timedelta(minutes=1),
    99991400: timedelta(seconds=10),
}
TEMPLATE = {
    Level.BLUE: "blue",
    Level.YELLOW: "yellow",
    Level.ORANGE: "orange",
    Level.RED: "red",
}


class Feishu(ChannelSettings):
    """Posts a coloured card to a group, signed with the robot's secret when one is set."""

    kind: Literal["feishu"] = "feishu"
    base_url: str = Field(
        default="https://open.feishu.cn/open-apis/bot/v2/hook", pattern=r"^https?://\S+$"
    )
    token_env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="Variable: id of the hook")
    secret_env: str = Field(
        default="", pattern=r"^(|[A-Z][A-Z0-9_]*)$", description="Variable: signing secret"
    )
    per_minute: int = Field(default=100, ge=1)
    per_second: int = Field(default=5, ge=1)
    deadline_seconds: float = Field(default=10, gt=0, le=60)

    async def send(self, delivery: Delivery, transport: Transport) -> Sent:
        """Post once and read the code in the answer."""
        try:
            url = f"{self.base_url}/{quote(secret_of(self.token_env), safe='')}"
            message = {**self._signed(datetime.now(UTC)), **_card(delivery)}
        except NoSecretError as error:
            return Sent(ok=False, permanent=True, detail=str(error))
        posted = await post_json(transport, url, message, self.deadline_seconds)
        return answer_of(posted, ("code", "StatusCode"), BAD_KEY, BUSY)

    def _signed(self, now: datetime) -> dict[str, object]:
        if not self.secret_env:
            return {}
        stamp = str(int(now.timestamp()))
        return {"timestamp": stamp, "sign": signature(secret_of(self.secret_env), stamp)}


def signature(secret: str, stamp_s: str) -> str:
    """Return the `sign` field: base64 of HMAC-SHA256 of nothing, keyed by time and secret."""
    digest = hmac.new(f"{stamp_s}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _card(delivery: Delivery) -> dict[str, object]:
    return {
        "msg_type": "interactive",
        "card": {
            "header": {
                "title": {"tag": "plain_text", "content": delivery.subject[:200]},
                "template": TEMPLATE[delivery.level],
            },
            "elements": [{"tag": "markdown", "content": cut_bytes(markdown(delivery), BODY_BYTES)}],
        },
    }


KIND = Feishu
