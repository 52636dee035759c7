from __future__ import annotations

import asyncio

import pytest

from bench.hostile_origin import FEED, FLOODS, HOSTILE, TARPITS, Origin
from collectors.http import FailureKind, Fetched, Fetcher, FetchSettings, Request
from tests.collectors.fetching import failure_of, fetch, run, settings

# What a good origin gives


def test_gives_status_body_and_validators() -> None:
    fetched, _ = fetch("/ok")
    assert (fetched.status, fetched.body, fetched.etag) == (200, FEED, '"v1"')
    assert fetched.error is None
    assert fetched.fetched_at.tzinfo is not None


@pytest.mark.parametrize("path", ["/gzip", "/deflate", "/raw_deflate"])
def test_decodes_what_it_asks_for(path: str) -> None:
    assert fetch(path)[0].body == FEED


def test_names_the_product_and_sends_nothing_else_by_itself() -> None:
    _, origin = fetch("/ok")
    headers = origin.seen[0].headers
    assert headers["user-agent"].startswith("yuqing/")
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"} - (
        {"connection"} - set(headers)
    )


def test_a_user_agent_that_hides_the_product_is_refused() -> None:
    with pytest.raises(ValueError, match="yuqing"):
        FetchSettings(user_agent="Mozilla/5.0")


def test_sends_validators_and_takes_304_as_not_modified() -> None:
    async def story() -> Fetched:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            return await fetcher.get(Request(url=origin.url("/conditional"), etag='"v1"'))

    fetched = run(story)
    assert fetched.not_modified
    assert fetched.error is None
    assert fetched.etag == '"v1"'


def test_304_without_a_validator_is_a_failure_and_keeps_none() -> None:
    fetched, _ = fetch("/always_304")
    assert fetched.error is not None
    assert not fetched.error.permanent
    assert fetched.etag is None


def test_a_damaged_validator_is_not_sent() -> None:
    async def story() -> Origin:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            request = Request(url=origin.url("/ok"), etag='"a\r\nX: 1"', last_modified="日期")
            assert (await fetcher.get(request)).error is None
            return origin

    headers = run(story).seen[0].headers
    assert "if-none-match" not in headers
    assert "if-modified-since" not in headers


def test_never_sends_a_cookie_back() -> None:
    async def story() -> Origin:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            for _ in range(3):
                fetched = await fetcher.get(Request(url=origin.url("/ok")))
                assert "set-cookie" not in fetched.headers
            return origin

    assert all("cookie" not in seen.headers for seen in run(story).seen)


def test_keeps_connections_and_survives_one_the_origin_closed() -> None:
    async def story() -> list[Fetched]:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            return [await fetcher.get(Request(url=origin.url("/forgetful"))) for _ in range(4)]

    assert [fetched.error for fetched in run(story)] == [None] * 4


def test_a_proxy_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert fetch("/ok")[0].error is None


# What a bad origin does


@pytest.mark.parametrize("path", sorted(TARPITS))
def test_a_tarpit_ends_at_the_deadline(path: str) -> None:
    assert failure_of(f"/{path}", deadline_seconds=0.3) is FailureKind.TIMEOUT


@pytest.mark.parametrize("path", sorted(FLOODS))
def test_a_flood_ends_at_the_bound(path: str) -> None:
    assert failure_of(f"/{path}", max_bytes=1024 * 1024) in {
        FailureKind.TOO_LARGE,
        FailureKind.NOT_HTTP,
        FailureKind.BAD_ENCODING,
    }


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/cut_gzip", FailureKind.BAD_ENCODING),
        ("/fake_gzip", FailureKind.BAD_ENCODING),
        ("/unknown_coding", FailureKind.BAD_ENCODING),
        ("/nested", FailureKind.BAD_ENCODING),
        ("/garbage", FailureKind.NOT_HTTP),
        ("/short", FailureKind.NOT_HTTP),
        ("/cut_chunked", FailureKind.NOT_HTTP),
        ("/two_lengths", FailureKind.NOT_HTTP),
        ("/slam", FailureKind.NOT_HTTP),
        ("/loop", FailureKind.REDIRECT),
        ("/gzip_bomb", FailureKind.TOO_LARGE),
        ("/endless_body", FailureKind.TOO_LARGE),
    ],
)
def test_a_broken_answer_is_a_failure_with_its_kind(path: str, kind: FailureKind) -> None:
    assert failure_of(path, max_bytes=1024 * 1024) is kind


def test_the_bound_is_the_last_byte_allowed() -> None:
    assert fetch("/ok", max_bytes=len(FEED))[0].body == FEED
    assert failure_of("/ok", max_bytes=len(FEED) - 1) is FailureKind.TOO_LARGE
    assert fetch("/gzip", max_bytes=len(FEED))[0].body == FEED
    assert failure_of("/gzip", max_bytes=len(FEED) - 1) is FailureKind.TOO_LARGE


def test_a_status_stands_although_its_body_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.http.REASON_SECONDS", 0.2)
    fetched, _ = fetch("/slow_error")
    assert fetched.status == 503
    assert fetched.error is not None
    assert fetched.error.retry_after == 90


def test_hostile_origins_do_not_keep_good_ones_waiting() -> None:
    async def story() -> list[Fetched]:
        async with (
            Origin() as bad,
            Origin() as good,
            Fetcher(settings(bad, good, deadline_seconds=3.0, max_bytes=1024 * 1024)) as fetcher,
        ):
            hostile = [
                asyncio.create_task(fetcher.get(Request(url=bad.url(f"/{name}"))))
                for name in HOSTILE
            ]
            await asyncio.sleep(0)
            fetched = [await fetcher.get(Request(url=good.url("/ok"))) for _ in range(8)]
            pending = [task for task in hostile if not task.done()]
            assert pending, "the good ones waited for all the hostile ones"
            assert all(failed.error for failed in await asyncio.gather(*hostile))
            return fetched

    assert [fetched.error for fetched in run(story)] == [None] * 8


def test_cancelling_is_not_a_failure_value() -> None:
    async def story() -> None:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            task = asyncio.create_task(fetcher.get(Request(url=origin.url("/never"))))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(story)


@pytest.mark.parametrize(
    ("path", "retry_after", "permanent"),
    [
        ("/status/429?retry=120", 120.0, False),
        ("/status/503?retry=999999999", 86400.0, False),
        ("/status/503?retry=-5", None, False),
        ("/status/500", None, False),
        ("/status/404", None, True),
        ("/status/410", None, True),
        ("/status/401", None, True),
    ],
)
def test_a_status_says_when_and_whether_to_try_again(
    path: str,
    retry_after: float | None,
    permanent: bool,  # noqa: FBT001  # a parameter of the table above
) -> None:
    fetched, origin = fetch(path)
    assert fetched.error is not None
    assert (fetched.error.retry_after, fetched.error.permanent) == (retry_after, permanent)
    assert len(origin.seen) == 1, "no immediate second try"
