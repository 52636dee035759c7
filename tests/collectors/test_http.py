from __future__ import annotations

import ast
import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import pytest

from bench.hostile_origin import FEED, FLOODS, HOSTILE, TARPITS, Origin
from collectors.http import FailureKind, Fetched, Fetcher, FetchSettings, Request

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent.parent
PUBLIC = "93.184.215.14"


def settings(*origins: Origin, **changes: object) -> FetchSettings:
    allowed = frozenset(origin.netloc for origin in origins)
    fields: dict[str, object] = {"allow_hosts": allowed, "deadline_seconds": 5.0, "robots": False}
    return FetchSettings(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


def run(story: Callable[[], Coroutine[object, object, T]]) -> T:
    return asyncio.run(story())


def fetch(path: str, **changes: object) -> tuple[Fetched, Origin]:
    async def story() -> tuple[Fetched, Origin]:
        async with Origin() as origin, Fetcher(settings(origin, **changes)) as fetcher:
            return await fetcher.get(Request(url=origin.url(path))), origin

    return run(story)


def failure_of(path: str, **changes: object) -> FailureKind:
    fetched, _ = fetch(path, **changes)
    assert fetched.error is not None, f"{path} gave {fetched.body[:60]!r}"
    assert fetched.body == b""
    return fetched.error.kind


class Dials:
    """A resolver with set answers and a dialler that records where it was sent, and refuses."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.dialled: list[tuple[str, int]] = []

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        self.asked.append(host)
        return tuple(self.answers)

    async def dial(
        self, address: str, port: int, tls: ssl.SSLContext | None, name: str | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.dialled.append((address, port))
        raise ConnectionRefusedError("recorded, not connected")


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


# Redirects


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


# URLs and addresses


@pytest.mark.parametrize(
    "url",
    [
        "",
        "  ",
        "x",
        "/path",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///x",
        "http://user:pw@example.org/",
        "http://example.org:99999/",
        "http://example.org:0/",
        "http://[::1/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "中" * 80 + ".cn/",
        "http://" + "a." * 200 + "cn/",
        "http://ex ample.org/",
        "http://example.org/" + "x" * 9000,
        "http://\x00/",
        "http://exa\nmple.org/",
    ],
    ids=lambda url: ascii(url[:30]),
)
def test_a_bad_url_is_a_value_and_reaches_nobody(url: str) -> None:
    async def story() -> tuple[Fetched, Dials]:
        dials = Dials()
        async with Fetcher(settings(), resolve=dials.resolve, dial=dials.dial) as fetcher:
            return await fetcher.get(Request(url=url)), dials

    fetched, dials = run(story)
    assert fetched.error is not None
    assert "pw" not in str(fetched.error)
    assert dials.dialled == []


REFUSED = [
    "0.0.0.0",  # noqa: S104  # an address to refuse, nothing is bound
    "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "100.100.100.200",
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1",
    "ff02::1",
]  # fmt: skip


async def dial_where_dns_says(*answers: str, **changes: object) -> tuple[Fetched, Dials]:
    dials = Dials(*answers)
    config = settings(**changes)
    async with Fetcher(config, resolve=dials.resolve, dial=dials.dial) as fetcher:
        return await fetcher.get(Request(url="http://news.example:8080/")), dials


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_never_dialled(address: str) -> None:
    fetched, dials = asyncio.run(dial_where_dns_says(address))
    assert dials.dialled == []
    assert fetched.error is not None
    assert fetched.error.kind is FailureKind.ADDRESS_REFUSED
    assert fetched.error.permanent


@pytest.mark.parametrize(
    "address", [PUBLIC, "1.1.1.1", "172.32.0.1", "100.128.0.1", "2400:3200::1"]
)
def test_a_public_address_is_dialled(address: str) -> None:
    assert asyncio.run(dial_where_dns_says(address))[1].dialled == [(address, 8080)]


@pytest.mark.parametrize("answers", [(PUBLIC, "127.0.0.1"), ("10.0.0.1", PUBLIC), (PUBLIC, "::1")])
def test_one_bad_answer_refuses_the_name(answers: tuple[str, ...]) -> None:
    fetched, dials = asyncio.run(dial_where_dns_says(*answers))
    assert dials.dialled == []
    assert fetched.error is not None


def test_a_name_is_resolved_once_a_connection_and_the_answer_is_dialled() -> None:
    _, dials = asyncio.run(dial_where_dns_says("2400:3200::1", PUBLIC))
    assert dials.asked == ["news.example"]
    assert dials.dialled == [(PUBLIC, 8080), ("2400:3200::1", 8080)]


@pytest.mark.parametrize(
    ("allowed", "address", "dialled"),
    [
        ("news.example:8080", "10.0.0.1", True),
        ("NEWS.example:8080", "10.0.0.1", True),
        ("news.example:8081", "10.0.0.1", False),
        ("other.example:8080", "10.0.0.1", False),
        ("10.0.0.1:8080", "10.0.0.1", True),
        ("10.0.0.0/8", "10.9.9.9", True),
        ("10.0.0.0/8", "::ffff:10.9.9.9", True),
        ("10.0.0.0/8", "192.168.0.1", False),
        ("fd00::/8", "fd12::1", True),
        ("[fd12::1]:8080", "fd12::1", True),
        ("news.example:8080", "169.254.169.254", False),
        ("news.example:8080", "::ffff:169.254.169.254", False),
        ("0.0.0.0/0", "169.254.169.254", False),
        ("news.example:8080", "0.0.0.0", False),  # noqa: S104  # to refuse, nothing is bound
    ],
)
def test_an_allow_list_opens_what_it_names(
    allowed: str,
    address: str,
    dialled: bool,  # noqa: FBT001  # a parameter of the table above
) -> None:
    _, dials = asyncio.run(dial_where_dns_says(address, allow_hosts=frozenset({allowed})))
    assert bool(dials.dialled) == dialled


@pytest.mark.parametrize(
    "entry", ["news.example", "news.example:", ":80", "a:0", "a:70000", "10.0.0.0/40"]
)
def test_a_bad_allow_list_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="allow_hosts"):
        FetchSettings(allow_hosts=frozenset({entry}))


def test_the_allow_list_of_one_source_does_not_open_for_another() -> None:
    async def story() -> list[Fetched]:
        async with Origin() as origin, Fetcher(settings()) as fetcher:
            mine = Request(url=origin.url("/ok"), allow_hosts=frozenset({origin.netloc}))
            others = Request(url=origin.url("/ok"))
            # The second would find the first one's connection idle.
            return [await fetcher.get(mine), await fetcher.get(others), await fetcher.get(mine)]

    first, second, third = run(story)
    assert first.error is None
    assert second.error is not None
    assert second.error.kind is FailureKind.ADDRESS_REFUSED
    assert third.error is None


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), OSError("x"), UnicodeError("x")])
def test_a_resolver_that_fails_is_a_value(error: Exception) -> None:
    async def resolve(_host: str, _port: int) -> tuple[str, ...]:
        raise error

    async def story() -> Fetched:
        async with Fetcher(settings(), resolve=resolve) as fetcher:
            return await fetcher.get(Request(url="http://news.example/"))

    assert run(story).error is not None


def test_a_chinese_host_name_is_resolved_and_allowed_in_its_ascii_form() -> None:
    async def story() -> Dials:
        dials = Dials("10.0.0.1")
        allowed = frozenset({"政务.example:8080"})
        async with Fetcher(
            settings(allow_hosts=allowed), resolve=dials.resolve, dial=dials.dial
        ) as fetcher:
            await fetcher.get(Request(url="http://政务.example:8080/"))
        return dials

    dials = run(story)
    assert dials.asked == ["xn--zfr164b.example"]
    assert dials.dialled == [("10.0.0.1", 8080)]


def test_a_refused_connection_is_a_value() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    async def story() -> Fetched:
        allow = frozenset({f"127.0.0.1:{port}"})
        async with Fetcher(settings(allow_hosts=allow)) as fetcher:
            return await fetcher.get(Request(url=f"http://127.0.0.1:{port}/"))

    fetched = run(story)
    assert fetched.error is not None
    assert fetched.error.kind is FailureKind.NO_ANSWER


def test_plain_http_on_a_tls_port_is_a_tls_failure() -> None:
    async def shout(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async def story() -> Fetched:
        server = await asyncio.start_server(shout, "127.0.0.1", 0)
        netloc = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, Fetcher(settings(allow_hosts=frozenset({netloc}))) as fetcher:
            return await fetcher.get(Request(url=f"https://{netloc}/"))

    fetched = run(story)
    assert fetched.error is not None
    assert fetched.error.kind is FailureKind.TLS


def fetch_over_tls(certificate: Path, host: str, **changes: object) -> list[Fetched]:
    async def story() -> list[Fetched]:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
        async with Origin(tls=tls) as origin:
            allow = frozenset({f"{host}:{origin.port}"})
            async with Fetcher(settings(allow_hosts=allow, **changes)) as fetcher:
                request = Request(url=f"https://{host}:{origin.port}/ok")
                return [await fetcher.get(request) for _ in range(2)]

    return run(story)


def test_a_certificate_nobody_vouches_for_is_refused(certificate: Path) -> None:
    error = fetch_over_tls(certificate, "localhost")[0].error
    assert error is not None
    assert error.kind is FailureKind.TLS
    assert "self" in error.reason


def test_an_intranet_authority_is_trusted_when_named(certificate: Path) -> None:
    fetched = fetch_over_tls(certificate, "localhost", ca_file=certificate)
    assert [one.body for one in fetched] == [FEED, FEED]


def test_a_certificate_for_another_name_is_refused(certificate: Path) -> None:
    error = fetch_over_tls(certificate, "LOCALHOST", ca_file=certificate)[0].error
    assert error is None, "names do not depend on case"
    error = fetch_over_tls(certificate, "127.1", ca_file=certificate)[0].error
    assert error is not None
    assert error.kind is FailureKind.TLS


# Robots


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


# POST


def post(
    path: str, body: bytes = b"{}", headers: dict[str, str] | None = None
) -> tuple[object, Origin]:
    async def story() -> tuple[object, Origin]:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            return await fetcher.post(origin.url(path), body, headers or {}, 2.0), origin

    return run(story)


def test_posts_the_body_and_gives_the_reply() -> None:
    async def story() -> None:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            headers = {"Content-Type": "application/json", "X-Signature": "abc"}
            posted = await fetcher.post(origin.url("/echo"), b'{"a":1}', headers, 2.0)
            assert (posted.status, posted.body, posted.error) == (200, b'{"a":1}', None)
            assert origin.seen[0].headers["x-signature"] == "abc"

    run(story)


def test_a_post_follows_no_redirect() -> None:
    async def story() -> None:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            posted = await fetcher.post(origin.url("/redirect?to=/echo"), b"{}", {}, 2.0)
            assert posted.error is not None
            assert posted.error.permanent
            assert len(origin.seen) == 1

    run(story)


@pytest.mark.parametrize("path", ["/slam", "/garbage", "/status/500", "/status/429"])
def test_a_failed_post_is_a_value_sent_once_and_worth_another_try(path: str) -> None:
    async def story() -> None:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            posted = await fetcher.post(origin.url(path), b"{}", {}, 2.0)
            assert posted.error is not None
            assert not posted.error.permanent
            assert len(origin.seen) == 1

    run(story)


def test_a_rejected_post_is_permanent_and_keeps_the_reason() -> None:
    async def story() -> None:
        async with Origin() as origin, Fetcher(settings(origin)) as fetcher:
            posted = await fetcher.post(origin.url("/status/400"), b"{}", {}, 2.0)
            assert posted.error is not None
            assert posted.error.permanent
            assert posted.body == b"the reason"

    run(story)


def test_a_post_to_a_private_address_is_refused() -> None:
    async def story() -> None:
        dials = Dials("10.0.0.1")
        async with Fetcher(settings(), resolve=dials.resolve, dial=dials.dial) as fetcher:
            posted = await fetcher.post("https://hooks.example/x", b"{}", {}, 2.0)
            assert posted.error is not None
            assert posted.error.kind is FailureKind.ADDRESS_REFUSED
            assert dials.dialled == []

    run(story)


# The only place


PRODUCT_PACKAGES = ("pipeline", "console", "reports", "collectors", "models", "alerts", "storage")
CLIENT_MODULES = {
    "httpx",
    "httpcore",
    "h11",
    "aiohttp",
    "requests",
    "urllib3",
    "http.client",
    "urllib.request",
}
BORDER = {"http.py", "http_transport.py", "http_words.py"}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def calls(tree: ast.AST, name: str) -> int:
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name
        for node in ast.walk(tree)
    )


@cache
def product() -> dict[Path, ast.AST]:
    paths = [path for package in PRODUCT_PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {path: ast.parse(path.read_text("utf-8")) for path in paths}


def test_only_the_client_files_import_an_http_library() -> None:
    guilty = {
        str(path.relative_to(ROOT))
        for path, tree in product().items()
        if imported(tree) & CLIENT_MODULES
    }
    assert guilty <= {f"collectors/{name}" for name in BORDER}


def test_the_guarded_transport_is_built_and_connections_are_opened_in_one_place() -> None:
    for name, owner in [
        ("CheckedTransport", "http.py"),
        ("open_connection", "http_transport.py"),
        ("create_connection", "imap.py"),
        ("AsyncClient", None),
        ("Client", None),
        ("AsyncHTTPTransport", None),
        ("HTTPTransport", None),
    ]:
        places = [path.name for path, tree in product().items() for _ in range(calls(tree, name))]
        assert places == ([owner] if owner else []), name
