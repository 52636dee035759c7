"""What the chat robots share: HTTP 200 means nothing until the code in the body says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from alerts.channels._http import failed
from alerts.contract import Posted, Sent, Transport

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json; charset=utf-8"}


async def post_json(
    transport: Transport, url: str, message: Mapping[str, object], deadline_seconds: float
) -> Posted:
    """POST a JSON body once."""
    body = json.dumps(message, ensure_ascii=False).encode()
    return await transport.post(url, body, JSON_HEADERS, deadline_seconds)


def answer_of(
    posted: Posted,
    code_names: tuple[str, ...],
    permanent: frozenset[int],
    busy: Mapping[int, timedelta],
) -> Sent:
    """Read a robot's answer: code 0 is sent, known codes are permanent or busy, others may pass.

    A body that is no JSON object with a code (half an answer, a portal's page) is a failure that
    may pass: nobody knows whether the message arrived, so it is sent again.
    """
    failure = failed(posted)
    if failure is not None:
        return failure
    try:
        answer = json.loads(posted.body)
        code = next(int(answer[name]) for name in code_names if name in answer)
    except (ValueError, TypeError, StopIteration, AttributeError):
        return Sent(ok=False, detail="机器人的回答不完整，稍后重发")
    if code == 0:
        return Sent(ok=True, detail="0")
    words = str(answer.get("errmsg") or answer.get("msg") or "")[:200]
    return Sent(
        ok=False,
        permanent=code in permanent,
        detail=f"{code} {words}".strip(),
        retry_after=busy.get(code),
    )
