from __future__ import annotations

import asyncio

import pytest

from bench.hostile_origin import Origin
from collectors.http import FailureKind, Fetched, Fetcher, Request
from tests.collectors.fetching import run, settings


def with_robots(robots: bytes | int, path: str = "/ok", **asked: object) -> tuple[Fetched, Origin]:
    async def story() -> tuple[Fetched, Origin]:
        async with (
            Origin(robots=robots) as origin,
            Fetcher(settings(origin, robots=True)) as fetcher,
        ):
            request = Request(url=origin.url(path), **asked)  # type: ignore[arg-type]  # shorthand
            return await fetcher.get(request), origin

    return run(story)


@pytest.mark.parametrize("robots", [404, 403, 401, 410, b"", b"<html>soft 404</html>"], ids=str)
def test_robots_that_say_nothing_allow(robots: bytes | int) -> None:
    assert with_robots(robots)[0].error is None


@pytest.mark.parametrize("robots", [500, 503, b"User-agent: *\nDisallow: /ok"], ids=str)
def test_robots_that_forbid_or_fail_mean_no_fetch(robots: bytes | int) -> None:
    fetched, origin = with_robots(robots)
    assert fetched.error is not None
    assert fetched.error.kind is FailureKind.ROBOTS
    assert fetched.error.permanent == isinstance(robots, bytes)
    assert origin.paths() == []


def test_robots_hold_for_where_a_redirect_leads() -> None:
    fetched, origin = with_robots(b"User-agent: yuqing\nDisallow: /ok", "/redirect?to=/ok")
    assert fetched.error is not None
    assert origin.paths() == ["/redirect?to=/ok"]


def test_a_written_reason_overrides_robots() -> None:
    fetched, origin = with_robots(b"User-agent: *\nDisallow: /", robots_override_reason="own API")
    assert fetched.error is None
    assert [seen.path for seen in origin.seen] == ["/ok"]


def test_of_huge_robots_only_the_start_counts() -> None:
    huge = b"User-agent: *\nDisallow: /no\n" + b"# filler\n" * 200_000 + b"Disallow: /ok\n"
    assert with_robots(huge)[0].error is None


def test_robots_are_asked_once_for_many_fetches() -> None:
    async def story() -> Origin:
        async with Origin() as origin, Fetcher(settings(origin, robots=True)) as fetcher:
            requests = [fetcher.get(Request(url=origin.url("/ok"))) for _ in range(20)]
            assert not any(fetched.error for fetched in await asyncio.gather(*requests))
            return origin

    assert [seen.path for seen in run(story).seen].count("/robots.txt") == 1
