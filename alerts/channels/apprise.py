"""Everything else, through Apprise when it is installed: accepted, never confirmed.

Apprise reports an HTTP 200 with an error inside as success, so what it says is only "accepted".
"""

from __future__ import annotations

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from pydantic import Field

from alerts.channels._text import plain
from alerts.contract import ChannelSettings, Sent, Transport
from models.named_secrets import NoSecretError, secret_of
from models.records import Delivery

# Its own threads: a service that hangs must not take those of other channels.
_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="apprise")


class AppriseRelay(ChannelSettings):
    """Hands the message to one Apprise URL, which holds secrets and so lives in the environment."""

    kind: Literal["apprise"] = "apprise"
    url_env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="Variable: the Apprise URL")
    deadline_seconds: float = Field(default=20, gt=0, le=120)

    async def send(self, delivery: Delivery, transport: Transport) -> Sent:
        """Notify once; the answer is at best accepted."""
        try:
            library = importlib.import_module("apprise")
            url = secret_of(self.url_env)
        except ModuleNotFoundError:
            return Sent(ok=False, permanent=True, detail="未安装 apprise：安装 yuqing[apprise]")
        except NoSecretError as error:
            return Sent(ok=False, permanent=True, detail=str(error))
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(_POOL, _notify, library, url, delivery)
        try:
            return await asyncio.wait_for(asyncio.shield(work), self.deadline_seconds)
        except TimeoutError:
            return Sent(ok=False, detail=f"Apprise {self.deadline_seconds:g} 秒内未完成")


def _notify(library: Any, url: str, delivery: Delivery) -> Sent:
    relay = library.Apprise()
    if not relay.add(url):
        return Sent(ok=False, permanent=True, detail="Apprise 不认识这个地址")
    accepted = relay.notify(title=delivery.subject, body=plain(delivery))
    return Sent(ok=bool(accepted), confirmed=False, detail="accepted" if accepted else "refused")


KIND = AppriseRelay
