"""企业微信 group robot: 20 messages a minute, markdown up to 4,096 bytes, text up to 2,048."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from alerts.channels._robot import answer_of, post_json
from alerts.channels._text import cut_bytes, markdown, plain
from alerts.contract import ChannelSettings, Sent, Transport
from models.named_secrets import NoSecretError, secret_of
from models.records import Delivery, Level

TEXT_BYTES = 2048
MARKDOWN_BYTES = 4096
BAD_KEY = frozenset({93000, 93008, 40008, 40058, 44004})
BUSY = {45009: timedelta(minutes=1), 45033: timedelta(minutes=1), -1: timedelta(seconds=10)}


class Wecom(ChannelSettings):
    """Posts to a group. Orange and red go as text, because only text reliably mentions people."""

    kind: Literal["wecom"] = "wecom"
    base_url: str = Field(
        default="https://qyapi.weixin.qq.com/cgi-bin/webhook/send", pattern=r"^https?://\S+$"
    )
    key_env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="Variable that holds the key")
    mention: tuple[str, ...] = Field(
        default=(), description="User ids to mention on orange and red, or @all"
    )
    per_minute: int = Field(default=20, ge=1)
    per_second: int = Field(default=0, ge=0)
    deadline_seconds: float = Field(default=10, gt=0, le=60)

    async def send(self, delivery: Delivery, transport: Transport) -> Sent:
        """Post once and read the code in the answer."""
        try:
            key = secret_of(self.key_env)
        except NoSecretError as error:
            return Sent(ok=False, permanent=True, detail=str(error))
        url = f"{self.base_url}?key={quote(key, safe='')}"
        posted = await post_json(transport, url, self._message(delivery), self.deadline_seconds)
        return answer_of(posted, ("errcode",), BAD_KEY, BUSY)

    def _message(self, delivery: Delivery) -> dict[str, object]:
        if delivery.level >= Level.ORANGE and self.mention:
            text = cut_bytes(plain(delivery), TEXT_BYTES)
            return {
                "msgtype": "text",
                "text": {"content": text, "mentioned_list": list(self.mention)},
            }
        content = cut_bytes(markdown(delivery), MARKDOWN_BYTES)
        return {"msgtype": "markdown", "markdown": {"content": content}}


KIND = Wecom
