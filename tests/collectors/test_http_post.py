from __future__ import annotations

import pytest

from bench.hostile_origin import Origin
from collectors.http import FailureKind, Fetcher
from tests.collectors.fetching import Dials, run, settings


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
