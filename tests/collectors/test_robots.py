from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.robots import MAX_PARSED_BYTES, RobotsCache, RobotsVerdict, parse, read_robots

NOW = datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
PAGE = "https://news.example/zwgk/1.html"


def verdict(status: int, body: bytes = b"", url: str = PAGE, reason: str = "") -> RobotsVerdict:
    return read_robots(status, body, reason, NOW).verdict(url)


class Site:
    """Answers robots.txt requests and counts them."""

    def __init__(self, status: int = 200, body: bytes = b"") -> None:
        self.status, self.body, self.asked = status, body, 0

    async def fetch(self, _url: str) -> tuple[int, bytes, str]:
        self.asked += 1
        await asyncio.sleep(0)
        return self.status, self.body, "" if self.status else "no answer"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_file_that_is_not_there_allows(status: int) -> None:
    assert verdict(status).allowed


@pytest.mark.parametrize("status", [500, 502, 503, 599, 0, 304, 999])
def test_a_file_that_cannot_be_had_forbids_and_says_so(status: int) -> None:
    seen = verdict(status, reason="no answer" if status == 0 else "")
    assert not seen.allowed
    assert not seen.known
    assert "could not be read" in seen.reason


def test_a_failed_fetch_is_asked_again_soon_and_a_good_one_after_a_day() -> None:
    assert read_robots(503, b"", "", NOW).expires_at <= NOW + timedelta(minutes=5)
    assert read_robots(200, b"", "", NOW).expires_at == NOW + timedelta(hours=24)
    assert read_robots(404, b"", "", NOW).expires_at == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: yuqing\nDisallow: /zwgk/", False),
        ("User-agent: YuQing\nDisallow: /zwgk/", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: yuqing\nAllow: /", True),
        ("User-agent: *\nDisallow: /zwgk/\nAllow: /zwgk/1.html", True),
        ("User-agent: *\nDisallow: /*.html$", False),
        ("user-agent:*\r\ndisallow:/zwgk", False),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("<html><body>404</body></html>", True),
        ("Disallow: /", True),
    ],
)
def test_rules_are_read_as_rfc_9309_says(rules: str, allowed: bool) -> None:  # noqa: FBT001  # a table
    assert verdict(200, rules.encode()).allowed == allowed


def test_a_crawl_delay_is_told() -> None:
    assert verdict(200, b"User-agent: *\nCrawl-delay: 5").pause_seconds == 5


def test_only_500_kib_are_parsed_and_the_last_line_whole() -> None:
    head = b"User-agent: *\nDisallow: /zwgk\n"
    filler = b"#" * (MAX_PARSED_BYTES - len(head) - len(b"\nDisallow: /a")) + b"\n"
    # The bound falls inside "Disallow: /abc": half a rule would forbid more than was meant.
    body = head + filler + b"Disallow: /abc\nDisallow: /x\n"
    rules = parse(body)
    assert not rules.can_fetch("https://news.example/zwgk", "yuqing")
    assert rules.can_fetch("https://news.example/a", "yuqing")
    assert rules.can_fetch("https://news.example/x", "yuqing")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000))
def test_garbage_never_raises(body: bytes) -> None:
    verdict(200, body)
    verdict(200, b"User-agent: *\nDisallow: /" + body)


def test_one_origin_is_asked_once_a_day() -> None:
    site, cache = Site(), RobotsCache()

    async def story() -> None:
        for hours in (0, 1, 23):
            await cache.verdict(PAGE, site.fetch, NOW + timedelta(hours=hours))
        assert site.asked == 1
        await cache.verdict(PAGE, site.fetch, NOW + timedelta(hours=24))
        assert site.asked == 2

    asyncio.run(story())


def test_origins_differ_by_scheme_host_and_port() -> None:
    site, cache = Site(), RobotsCache()

    async def story() -> None:
        for url in ("http://a.example/", "https://a.example/", "http://a.example:81/", PAGE):
            await cache.verdict(url, site.fetch, NOW)

    asyncio.run(story())
    assert site.asked == 4


def test_questions_asked_at_once_share_one_fetch() -> None:
    site, cache = Site(status=0), RobotsCache()

    async def story() -> list[RobotsVerdict]:
        asks = (cache.verdict(PAGE, site.fetch, NOW) for _ in range(50))
        return await asyncio.gather(*asks)

    assert not any(seen.allowed for seen in asyncio.run(story()))
    assert site.asked == 1


def test_an_asker_that_gives_up_does_not_end_the_fetch_of_the_others() -> None:
    site, cache = Site(), RobotsCache()

    async def story() -> RobotsVerdict:
        first = asyncio.create_task(cache.verdict(PAGE, site.fetch, NOW))
        second = asyncio.create_task(cache.verdict(PAGE, site.fetch, NOW))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(story()).allowed
    assert site.asked == 1


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.robots.MAX_ORIGINS", 3)
    site, cache = Site(), RobotsCache()

    async def story() -> None:
        for i in range(10):
            await cache.verdict(f"http://h{i}.example/", site.fetch, NOW)

    asyncio.run(story())
    assert len(cache._files) == 3
