from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from bench.hostile_origin import FEED, Origin
from collectors.http import FailureKind, Fetched, Fetcher, FetchSettings, Request
from tests.collectors.fetching import PUBLIC, Dials, run, settings


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
