"""SMS through a provider's HTTP gateway: the body is a mapping the office writes.

No provider is built in. `fields` names the gateway's own fields; `{receiver}`, `{text}` and `{id}`
are filled in, and `{secret}` comes from the environment.
"""

from __future__ import annotations

import json
from typing import Literal
from urllib.parse import urlencode

from pydantic import Field, model_validator

from alerts.cards import card_of, letter_of
from alerts.channels._http import failed
from alerts.clocks import shanghai
from alerts.contract import ChannelSettings, Posted, Sent, Transport
from models.named_secrets import NoSecretError, secret_of
from models.records import Delivery

PLACES = ("{receiver}", "{text}", "{id}", "{secret}")


class Sms(ChannelSettings):
    """POSTs one short message; success is a status of 2xx and, if named, a value in the answer."""

    kind: Literal["sms"] = "sms"
    url: str = Field(pattern=r"^https?://\S+$")
    body: Literal["json", "form"] = "json"
    fields: dict[str, str] = Field(
        min_length=1, description="The gateway's fields, as in {mobile: '{receiver}'}"
    )
    secret_env: str = Field(default="", pattern=r"^(|[A-Z][A-Z0-9_]*)$")
    success_field: str = Field(default="", description="Field of the answer that tells success")
    success_value: str = "0"
    max_characters: int = Field(default=70, ge=20, le=500, description="70 are one message")
    per_minute: int = Field(default=60, ge=1)
    per_second: int = Field(default=0, ge=0)
    deadline_seconds: float = Field(default=10, gt=0, le=60)

    @model_validator(mode="after")
    def _says_whom_and_what(self) -> Sms:
        values = "".join(self.fields.values())
        missing = [place for place in PLACES[:2] if place not in values]
        if missing:
            raise ValueError(f"fields must contain {' and '.join(missing)}")
        if "{secret}" in values and not self.secret_env:
            raise ValueError("fields contain {secret}: name its variable in secret_env")
        return self

    async def send(self, delivery: Delivery, transport: Transport) -> Sent:
        """Post once and read the answer as the mapping says."""
        try:
            secret = secret_of(self.secret_env) if self.secret_env else ""
        except NoSecretError as error:
            return Sent(ok=False, permanent=True, detail=str(error))
        body, content_type = self._encoded(self._filled(delivery, secret))
        headers = {"Content-Type": content_type, "Idempotency-Key": delivery.id}
        posted = await transport.post(self.url, body, headers, self.deadline_seconds)
        return failed(posted) or self._read(posted)

    def _filled(self, delivery: Delivery, secret: str) -> dict[str, str]:
        """Fill the places one by one, so that a text with braces is only text."""
        values = dict(
            zip(
                PLACES,
                (delivery.receiver, short_text(delivery, self.max_characters), delivery.id, secret),
                strict=True,
            )
        )
        return {name: _with(pattern, values) for name, pattern in self.fields.items()}

    def _encoded(self, fields: dict[str, str]) -> tuple[bytes, str]:
        if self.body == "form":
            return urlencode(fields).encode(), "application/x-www-form-urlencoded"
        return json.dumps(fields, ensure_ascii=False).encode(), "application/json; charset=utf-8"

    def _read(self, posted: Posted) -> Sent:
        if not self.success_field:
            return Sent(ok=True, confirmed=False, detail=f"HTTP {posted.status}")
        try:
            found = str(json.loads(posted.body)[self.success_field])
        except (ValueError, TypeError, KeyError):
            return Sent(ok=False, detail="短信网关的回答不完整，稍后重发")
        ok = found == self.success_value
        return Sent(ok=ok, confirmed=False, detail=f"{self.success_field}={found[:100]}")


def _with(pattern: str, values: dict[str, str]) -> str:
    for place, value in values.items():
        if pattern == place:
            return value
    parts = pattern
    for place in (PLACES[0], PLACES[2], PLACES[3], PLACES[1]):
        parts = parts.replace(place, values[place])
    return parts


def short_text(delivery: Delivery, max_characters: int) -> str:
    """Return the subject, the next deadline and the acknowledge link, as far as they fit."""
    if letter_of(delivery.card):
        return delivery.subject[:max_characters]
    card = card_of(delivery.card)
    due = f"，{card.due_zh}{shanghai(card.due)}前" if card.due else ""
    link = f" {card.acknowledge_url}" if card.acknowledge_url else ""
    room = max_characters - len(due) - len(link)
    if room < 20:
        return card.subject()[:max_characters]
    subject = card.subject()
    return (subject if len(subject) <= room else subject[: room - 1] + "…") + due + link


KIND = Sms
