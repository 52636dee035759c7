"""钉钉 custom robot, signed: 20 messages a minute, beyond that it is closed for ten."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote, quote_plus

from pydantic import Field

from alerts.channels._robot import answer_of, post_json
from alerts.channels._text import cut_bytes, markdown
from alerts.contract import ChannelSettings, Sent, Transport
from models.named_secrets import NoSecretError, secret_of
from models.records import Delivery, Level

BODY_BYTES = 18_000
BAD_KEY = frozenset({300001, 300005, 310000, 400101, 400102, 400013})
BUSY = {
    130101: timedelta(minutes=10),
    410100: timedelta(minutes=10),
    -1: timedelta(seconds=10),
}


class Dingtalk(ChannelSettings):
    """Posts markdown to a group, signed with the robot's secret when one is set."""

    kind: Literal["dingtalk"] = "dingtalk"
    base_url: str = Field(default="https://oapi.dingtalk.com/robot/send", pattern=r"^https?://\S+$")
    token_env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="Variable: access_token")
    secret_env: str = Field(
        default="", pattern=r"^(|[A-Z][A-Z0-9_]*)$", description="Variable: SEC… of the robot"
    )
    at_mobiles_env: str = Field(
        default="",
        pattern=r"^(|[A-Z][A-Z0-9_]*)$",
        description="Variable: numbers to mention on orange and red, comma-separated",
    )
    per_minute: int = Field(default=20, ge=1)
    per_second: int = Field(default=0, ge=0)
    deadline_seconds: float = Field(default=10, gt=0, le=60)

    async def send(self, delivery: Delivery, transport: Transport) -> Sent:
        """Post once and read the code in the answer."""
        try:
            url = self._url(datetime.now(UTC))
            message = self._message(delivery)
        except NoSecretError as error:
            return Sent(ok=False, permanent=True, detail=str(error))
        posted = await post_json(transport, url, message, self.deadline_seconds)
        return answer_of(posted, ("errcode",), BAD_KEY, BUSY)

    def _url(self, now: datetime) -> str:
        url = f"{self.base_url}?access_token={quote(secret_of(self.token_env), safe='')}"
        if not self.secret_env:
            return url
        stamp = str(int(now.timestamp() * 1000))
        return f"{url}&timestamp={stamp}&sign={signature(secret_of(self.secret_env), stamp)}"

    def _message(self, delivery: Delivery) -> dict[str, object]:
        text = markdown(delivery)
        mobiles: list[str] = []
        if self.at_mobiles_env and delivery.level >= Level.ORANGE:
            mobiles = [m.strip() for m in secret_of(self.at_mobiles_env).split(",") if m.strip()]
            text = "".join(f"@{mobile} " for mobile in mobiles) + "\n" + text
        return {
            "msgtype": "markdown",
            "markdown": {"title": delivery.subject[:64], "text": cut_bytes(text, BODY_BYTES)},
            "at": {"atMobiles": mobiles, "isAtAll": False},
        }


def signature(secret: str, stamp_ms: str) -> str:
    """Return the `sign` parameter: URL-quoted base64 of HMAC-SHA256 over time and secret."""
    digest = hmac.new(secret.encode(), f"{stamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return quote_plus(base64.b64encode(digest))


KIND = Dingtalk
