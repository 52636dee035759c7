from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.channels.webhook import Webhook, signature
from alerts.contract import Sent
from models.records import Delivery
from tests.alerts.channels.conftest import Answer, LoopbackTransport, Origin, Seen, origin


def send(
    delivery: Delivery, answer: Answer | None, *, secret_env: str = "", retry_after: str = ""
) -> tuple[Sent, Origin]:
    async def run() -> tuple[Sent, Origin]:
        async with origin(answer, retry_after) as served:
            channel = Webhook(
                name="hook", url=f"{served.url}/in", secret_env=secret_env, deadline_seconds=0.5
            )
            return await channel.send(delivery, LoopbackTransport()), served

    return asyncio.run(run())


def test_a_2xx_answer_confirms_and_the_receiver_can_drop_repeats(message: Delivery) -> None:
    sent, served = send(message, lambda _: (204, b""))
    assert (sent.ok, sent.confirmed) == (True, True)
    (seen,) = served.seen
    assert seen.headers["Idempotency-Key"] == message.id
    body = json.loads(seen.body)
    assert (body["id"], body["level"], body["reason"]) == ("d1", "yellow", "first")
    assert body["card"]["title"] == "城北片区停水"


def test_time_and_body_are_signed_with_the_key_of_the_environment(
    message: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "k")
    _, served = send(message, lambda _: (200, b""), secret_env="HOOK_KEY")  # noqa: S106 - a name
    (seen,) = served.seen
    stamp = seen.headers["X-Yuqing-Timestamp"]
    assert seen.headers["X-Yuqing-Signature"] == signature(b"k", stamp, seen.body)


def test_the_key_may_come_from_a_file_and_a_missing_one_is_permanent(
    message: Delivery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent, served = send(message, lambda _: (200, b""), secret_env="HOOK_KEY")  # noqa: S106 - a name
    assert sent.permanent
    assert "HOOK_KEY" in sent.detail
    assert served.seen == []
    (tmp_path / "key").write_text("k\n", encoding="utf-8")
    monkeypatch.setenv("HOOK_KEY_FILE", str(tmp_path / "key"))
    assert send(message, lambda _: (200, b""), secret_env="HOOK_KEY")[0].ok  # noqa: S106 - a name


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (400, True),
        (401, True),
        (404, True),
        (302, True),
        (408, False),
        (429, False),
        (500, False),
        (503, False),
    ],
)
def test_what_a_status_means_for_a_retry(message: Delivery, status: int, permanent: bool) -> None:  # noqa: FBT001 - a table
    sent, _ = send(message, lambda _: (status, b""))
    assert (sent.ok, sent.permanent, sent.detail) == (False, permanent, f"HTTP {status}")


def test_the_asked_pause_is_passed_on(message: Delivery) -> None:
    sent, _ = send(message, lambda _: (429, b""), retry_after="30")
    assert sent.retry_after == timedelta(seconds=30)


def test_a_server_that_hangs_or_refuses_is_a_value(message: Delivery) -> None:
    sent, _ = send(message, None)
    assert (sent.ok, sent.permanent) == (False, False)
    channel = Webhook(name="hook", url="http://127.0.0.1:9/in", deadline_seconds=0.5)
    refused = asyncio.run(channel.send(message, LoopbackTransport()))
    assert (refused.ok, refused.permanent) == (False, False)


def test_seen_requests_keep_their_path(message: Delivery) -> None:
    _, served = send(message, lambda seen: (200, seen.body))
    assert isinstance(served.seen[0], Seen)
    assert served.seen[0].path == "/in"
