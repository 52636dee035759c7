from __future__ import annotations

from urllib.parse import quote

import pytest

from bench.hostile_origin import FEED, Origin
from collectors.http import FailureKind, Fetched, Fetcher, Request
from tests.collectors.fetching import fetch, run, settings


def redirected(to: str, code: int = 302) -> Fetched:
    return fetch(f"/redirect?code={code}&to={to}")[0]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_follows_a_redirect(code: int) -> None:
    fetched = redirected("/ok", code)
    assert fetched.body == FEED
    assert fetched.final_url.endswith("/ok")
    assert (fetched.moved_to is not None) == (code in (301, 308))


def test_a_raw_chinese_location_is_followed_byte_for_byte() -> None:
    _, origin = fetch("/redirect?to=/%E6%96%B0%E9%97%BB")  # utf-8
    assert origin.paths()[-1] == "/%E6%96%B0%E9%97%BB"
    _, origin = fetch("/redirect?to=/%D0%C2%CE%C5")  # gbk
    assert origin.paths()[-1] == "/%D0%C2%CE%C5"


@pytest.mark.parametrize(
    "to",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "data:,x"],
)
def test_a_redirect_to_anything_but_http_is_refused(to: str) -> None:
    fetched = redirected(to)
    assert fetched.error is not None
    assert fetched.error.kind is FailureKind.URL_REFUSED


def test_a_redirect_with_a_user_name_is_refused() -> None:
    fetched = redirected("http://name:word@127.0.0.1/")
    assert fetched.error is not None
    assert fetched.error.kind is FailureKind.URL_REFUSED
    assert "word" not in str(fetched.error)


REDIRECT_TARGETS = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://127.000.000.001:{port}/",
    "http://0.0.0.0:{port}/",
    "http://0:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "//127.0.0.1:{port}/",
    "\\\\127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}/",
    "http://example.org@127.0.0.1:{port}/",
]


@pytest.mark.parametrize("target", REDIRECT_TARGETS, ids=ascii)
@pytest.mark.parametrize("how", ["direct", "redirect"])
def test_no_spelling_of_loopback_reaches_another_port(target: str, how: str) -> None:
    async def story() -> tuple[Fetched, Origin]:
        async with Origin() as canary, Origin() as origin, Fetcher(settings(origin)) as fetcher:
            url = target.format(port=canary.port)
            if how == "redirect":
                url = origin.url(f"/redirect?to={quote(url)}")
            return await fetcher.get(Request(url=url)), canary

    fetched, canary = run(story)
    assert canary.seen == []
    assert fetched.error is not None


def test_secrets_and_validators_stay_at_their_origin() -> None:
    async def story() -> Origin:
        async with (
            Origin() as first,
            Origin() as other,
            Fetcher(settings(first, other)) as fetcher,
        ):
            request = Request(
                url=first.url(f"/redirect?to={other.url('/ok')}"),
                etag='"v1"',
                last_modified="Tue, 24 Nov 2026 06:00:00 GMT",
                headers={"Authorization": "Bearer canary", "X-Api-Key": "canary"},
            )
            assert (await fetcher.get(request)).error is None
            assert first.seen[0].headers["authorization"] == "Bearer canary"
            return other

    headers = run(story).seen[0].headers
    assert "canary" not in "".join(headers.values())
    assert "if-none-match" not in headers
    assert "if-modified-since" not in headers
    assert "referer" not in headers


def test_headers_follow_a_redirect_within_their_origin() -> None:
    async def story() -> Origin:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            request = Request(url=origin.url("/redirect?to=/ok"), headers={"X-Api-Key": "k"})
            assert (await fetcher.get(request)).error is None
            return origin

    assert [seen.headers["x-api-key"] for seen in run(story).seen] == ["k", "k"]


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla"},
        {"Cookie": "a=1"},
        {"Host": "other"},
        {"Content-Length": "4"},
        {"X": "a\r\nY: b"},
        {"X\r\nY": "a"},
        {"X": "中文"},
    ],
    ids=str,
)
def test_a_source_cannot_set_the_clients_own_headers(headers: dict[str, str]) -> None:
    async def story() -> tuple[Fetched, Origin]:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            return await fetcher.get(Request(url=origin.url("/ok"), headers=headers)), origin

    fetched, origin = run(story)
    assert fetched.error is not None
    assert origin.seen == []
