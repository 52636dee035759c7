from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError

from collectors import inbox
from collectors.contract import CollectContext, Collected, State
from collectors.http import Fetcher
from collectors.inbox import MAX_BODY_BYTES, Message, inbox_app, signature
from collectors.kinds.inbox import Inbox

NOW = datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
SECRET = "canary-of-the-form"  # noqa: S105  # what the tests look for
FORM = {"subject": "路灯", "content": "路灯坏了三天", "asked_at": "2026-05-13 10:00"}


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORM_SECRET", SECRET)


def form(**changes: object) -> Inbox:
    fields = {"kind": "inbox", "name": "form", "secret_env": "FORM_SECRET"}
    return Inbox.model_validate(fields | changes)


def signed(
    body: bytes, *, key: str = "k1", at: datetime = NOW, secret: str = SECRET
) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    return {
        "X-Yuqing-Timestamp": timestamp,
        "Idempotency-Key": key,
        "X-Yuqing-Signature": signature(secret, timestamp, key, body),
    }


def send(
    folder: Path,
    body: bytes | dict[str, object] = FORM,  # type: ignore[assignment]  # read, never changed
    headers: dict[str, str] | None = None,
    *,
    method: str = "POST",
    path: str = "/inbox/form",
    pieces: int = 1,
) -> tuple[int, str]:
    """Send a request through the ASGI application; return status and its one line."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = -(-len(raw) // pieces) or 1
    parts = [raw[at : at + size] for at in range(0, len(raw) or 1, size)]
    waiting = [
        {"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def answer(message: Message) -> None:
        sent.append(message)

    named = signed(raw) if headers is None else headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "/inbox",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
    }
    app = inbox_app([form().door(folder)], lambda: NOW)
    asyncio.run(app(scope, receive, answer))
    return sent[0]["status"], json.loads(sent[1]["body"])["status"]


def collect(folder: Path, state: State | None = None) -> Collected:
    context = CollectContext(
        fetcher=cast("Fetcher", None), state=state or {}, now=NOW, folder=folder
    )
    return asyncio.run(form().collect(context))


def test_a_signed_message_is_kept_and_becomes_an_entry(tmp_path: Path) -> None:
    assert send(tmp_path)[0] == 202
    entry = collect(tmp_path).entries[0]
    assert (entry.external_id, entry.title, entry.text) == ("k1", "路灯", "路灯坏了三天")
    assert entry.published == datetime(2026, 5, 13, 2, 0, tzinfo=UTC)


def test_a_body_in_pieces_is_one_body(tmp_path: Path) -> None:
    assert send(tmp_path, pieces=7)[0] == 202


def test_a_message_is_answered_only_when_it_is_on_disk(tmp_path: Path) -> None:
    send(tmp_path)
    files = list((tmp_path / "spool" / "form").iterdir())
    assert [file.suffix for file in files] == [".json"]
    assert files[0].stat().st_mode & 0o077 == 0


def test_a_message_stays_until_the_cycle_that_stored_it_is_over(tmp_path: Path) -> None:
    send(tmp_path)
    first = collect(tmp_path)
    # The process died before the cycle was stored: the next one, with the old state, sees it.
    assert len(collect(tmp_path).entries) == 1
    assert collect(tmp_path, first.state).not_modified
    assert list((tmp_path / "spool" / "form").glob("*.json")) == []


def test_the_same_key_twice_is_one_message(tmp_path: Path) -> None:
    assert [send(tmp_path)[0] for _ in range(3)] == [202, 200, 200]
    assert len(collect(tmp_path).entries) == 1


def test_a_replay_after_it_was_stored_has_the_same_identity(tmp_path: Path) -> None:
    send(tmp_path)
    first = collect(tmp_path)
    send(tmp_path)
    again = collect(tmp_path, {})
    assert [entry.external_id for entry in again.entries] == [
        entry.external_id for entry in first.entries
    ]


def test_a_copy_under_another_key_is_refused(tmp_path: Path) -> None:
    headers = signed(json.dumps(FORM).encode()) | {"Idempotency-Key": "k2"}
    assert send(tmp_path, headers=headers) == (401, "refused")


@pytest.mark.parametrize("seconds", [301, -301, 86400, 3600])
def test_a_message_out_of_its_time_is_refused(tmp_path: Path, seconds: int) -> None:
    body = json.dumps(FORM).encode()
    headers = signed(body, at=NOW + timedelta(seconds=seconds))
    assert send(tmp_path, body, headers) == (401, "refused")


@pytest.mark.parametrize("seconds", [300, -300, 0])
def test_a_message_in_its_time_is_taken(tmp_path: Path, seconds: int) -> None:
    body = json.dumps(FORM).encode()
    assert send(tmp_path, body, signed(body, at=NOW + timedelta(seconds=seconds)))[0] == 202


@pytest.mark.parametrize(
    "change",
    [
        {"X-Yuqing-Signature": "sha256=" + "0" * 64},
        {"X-Yuqing-Signature": ""},
        {"X-Yuqing-Signature": "sha256=é"},
        {"X-Yuqing-Timestamp": ""},
        {"X-Yuqing-Timestamp": "1e9"},
        {"X-Yuqing-Timestamp": "9" * 40},
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "a" * 101},
        {"Idempotency-Key": "../../etc"},
    ],
    ids=str,
)
def test_a_broken_proof_is_refused_without_a_word_why(
    tmp_path: Path, change: dict[str, str]
) -> None:
    headers = signed(json.dumps(FORM).encode()) | change
    assert send(tmp_path, headers=headers) == (401, "refused")
    assert not (tmp_path / "spool").exists()


def test_a_wrong_secret_a_changed_body_and_an_unknown_form_are_refused_alike(
    tmp_path: Path,
) -> None:
    body = json.dumps(FORM).encode()
    assert send(tmp_path, body, signed(body, secret="other")) == (401, "refused")  # noqa: S106
    assert send(tmp_path, body + b" ", signed(body)) == (401, "refused")
    assert send(tmp_path, path="/inbox/other") == (401, "refused")


def test_without_a_secret_every_message_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORM_SECRET")
    body = json.dumps(FORM).encode()
    assert send(tmp_path, body, signed(body, secret="")) == (401, "refused")


def test_a_form_without_a_secret_is_a_failure_and_what_waits_is_still_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(tmp_path)
    monkeypatch.delenv("FORM_SECRET")
    collected = collect(tmp_path)
    assert len(collected.entries) == 1
    assert "FORM_SECRET_FILE" in collected.problems[0]
    assert collected.failure == ""
    again = collect(tmp_path, collected.state)
    assert again.failure.startswith("every message is refused")
    assert again.permanent


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b"{}", b'{"content": 5}', b'{"content": "  "}', b"[" * 100_000],
    ids=lambda body: ascii(body[:12]),
)
def test_a_message_that_says_nothing_is_refused_with_its_reason(
    tmp_path: Path, body: bytes
) -> None:
    status, words = send(tmp_path, body)
    assert status == 400
    assert words
    assert collect(tmp_path).entries == ()


def test_a_message_over_the_bound_is_refused_before_it_is_whole(tmp_path: Path) -> None:
    assert send(tmp_path, b"x" * (MAX_BODY_BYTES + 1), pieces=3)[0] == 413


def test_only_post_is_answered(tmp_path: Path) -> None:
    assert send(tmp_path, method="GET")[0] == 405


def test_a_full_spool_asks_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_WAITING", 2)
    bodies = [json.dumps(FORM | {"n": n}).encode() for n in range(3)]
    statuses = [
        send(tmp_path, body, signed(body, key=f"k-{n}"))[0] for n, body in enumerate(bodies)
    ]
    assert statuses[-1] == 503


def test_a_damaged_file_is_named_and_its_neighbour_goes_in(tmp_path: Path) -> None:
    send(tmp_path)
    (tmp_path / "spool" / "form" / "a.json").write_text("{", "utf-8")
    collected = collect(tmp_path)
    assert len(collected.entries) == 1
    assert "a.json" in collected.problems[0]


def test_unseen_characters_and_lone_surrogates_do_not_come_in(tmp_path: Path) -> None:
    body = b'{"subject": "a\\u202eb\\ud800", "content": "x\\u0000y\\u200bz\\ud83d"}'
    assert send(tmp_path, body)[0] == 202
    entry = collect(tmp_path).entries[0]
    entry.title.encode("utf-8")
    entry.text.encode("utf-8")
    assert "\u202e" not in entry.title
    assert "\u200b" not in entry.text


def test_the_secret_is_in_no_words(tmp_path: Path) -> None:
    assert SECRET not in repr(form()) + repr(form().door(tmp_path))


def test_a_replay_window_over_an_hour_is_refused() -> None:
    with pytest.raises(ValidationError):
        form(replay_seconds=3601)
