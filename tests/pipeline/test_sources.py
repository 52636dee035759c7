"""Sources through whole cycles: what disappears, what forms send, what a dead one leaves alone."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from collectors.http import Fetcher
from collectors.inbox import signature
from pipeline.cycle import CycleReport, run_cycle
from pipeline.office import Office, open_office
from pipeline.rooms import ConsoleServer, console_of, listening
from pipeline.settings import load
from storage.store import Transaction
from tests.builders import NOW
from tests.collectors.site import Answer, Site, article

HOUR = timedelta(hours=1)
SECRET = "canary-of-the-form"  # noqa: S105 - what the tests look for


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def office(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("FORM_SECRET", SECRET)
    settings = {
        "region": {"name": "清岚区"},
        "http": {"allow_hosts": [site.host], "pause_seconds": 0},
        "console": {"port": 0},
        "sources": [
            {"name": "gov", "kind": "page_list", "url": f"{site.url}/news/", "links": "ul a"},
            {"name": "form", "kind": "inbox", "secret_env": "FORM_SECRET"},
        ],
    }
    config = tmp_path / "yuqing.yaml"
    config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    site.pages["/news/"] = "<ul><li><a href='/news/1.html'>柳湾街道抢修供水管道通报</a></li></ul>"
    site.pages["/news/1.html"] = article("柳湾街道抢修供水管道通报")
    with open_office(load(config), NOW) as office:
        yield office


def cycle(office: Office, now: datetime = NOW) -> CycleReport:
    async def once() -> CycleReport:
        async with Fetcher(office.fetch_settings()) as fetcher:
            return await run_cycle(office, fetcher, now, only=office.loaded.active_sources())

    return asyncio.run(once())


def rows(office: Office, sql: str) -> list[tuple[object, ...]]:
    with office.store.read() as reader:
        return [tuple(row) for row in reader.rows(sql)]


# Originals that disappear


def test_a_body_is_purged_when_its_original_is_gone_and_title_and_hash_stay(
    office: Office, site: Site
) -> None:
    cycle(office)
    of_gov = "SELECT title, content_hash, text, gone_at FROM mention WHERE source = 'gov'"
    ((title, content_hash, text, gone_at),) = rows(office, of_gov)
    assert "送水车" in str(text)
    assert gone_at is None
    site.pages["/news/1.html"] = Answer(status=404)
    cycle(office, NOW + 6 * HOUR)
    assert rows(office, of_gov)[0][2] == text, "one 404 is no proof"
    cycle(office, NOW + 12 * HOUR)
    ((title_kept, hash_kept, purged, noted),) = rows(office, of_gov)
    assert (title_kept, hash_kept, purged) == (title, content_hash, "")
    assert isinstance(noted, datetime)
    assert rows(office, "SELECT count(*) FROM mention WHERE event_at IS NOT NULL") == [(1,)]


# The city's own forms


@pytest.fixture
def port(office: Office) -> Iterator[int]:
    """The port of the real console server, with the way in for forms."""
    opened = listening("127.0.0.1", 0)
    server = ConsoleServer(console_of(office, lambda: NOW))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield int(opened.getsockname()[1])
    server.should_exit = True
    thread.join(timeout=10)


def post(port: int, form: str = "form", *, key: str = "k1", secret: str = SECRET) -> int:
    """Send a message as a form does; return the status."""
    body = json.dumps(
        {"subject": "路灯不亮", "content": "沿河路路灯三天不亮，电话13912345678", "author": "王某"}
    ).encode()
    timestamp = str(int(NOW.timestamp()))
    headers = {
        "X-Yuqing-Timestamp": timestamp,
        "Idempotency-Key": key,
        "X-Yuqing-Signature": signature(secret, timestamp, key, body),
    }
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request("POST", f"/inbox/{form}", body, headers)
        return line.getresponse().status
    finally:
        line.close()


OF_FORM = "SELECT title, text, kind, author_key FROM mention WHERE source = 'form'"


def test_a_signed_message_of_a_form_becomes_a_masked_mention(office: Office, port: int) -> None:
    assert post(port) == 202
    assert cycle(office).tally.stored == 2
    ((title, text, kind, author_key),) = rows(office, OF_FORM)
    assert (title, kind) == ("路灯不亮", "citizen_message")
    assert text == "沿河路路灯三天不亮，电话139****5678"
    assert len(str(author_key)) == 16


def test_a_message_without_the_secret_or_for_another_form_never_comes_in(
    office: Office, port: int
) -> None:
    assert post(port, secret="guessed") == 401  # noqa: S106 - a wrong one
    assert post(port, "other") == 401
    cycle(office)
    assert rows(office, OF_FORM) == []


def test_a_message_sent_again_is_one_mention_whenever_that_is(office: Office, port: int) -> None:
    assert [post(port), post(port)] == [202, 200]
    for hours in range(3):
        cycle(office, NOW + hours * HOUR)
        assert post(port) in {200, 202}
    assert len(rows(office, OF_FORM)) == 1
    assert rows(office, "SELECT version FROM mention WHERE source = 'form'") == [(1,)]


def test_a_cycle_that_breaks_keeps_the_message_for_the_next(
    office: Office, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(port) == 202

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(Transaction, "insert", full)
        with pytest.raises(OSError, match="no space"):
            cycle(office)
    cycle(office)
    assert len(rows(office, OF_FORM)) == 1
    cycle(office, NOW + HOUR)
    spool = office.loaded.folder / "spool" / "form"
    assert list(spool.iterdir()) == []


def test_a_form_does_not_wait_for_the_quarter_of_an_hour_of_other_sources(office: Office) -> None:
    (form,) = [s for s in office.loaded.sources if s.name == "form"]
    assert form.every_minutes == 2
