from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.sitemap_parser import Sitemap, parse_sitemap

NOW = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
SITE = "https://www.qinglan.example/"
URLSET = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def read(body: str | bytes) -> Sitemap:
    """Parse a sitemap as it would come from SITE."""
    raw = body.encode() if isinstance(body, str) else body
    return parse_sitemap(raw, f"{SITE}sitemap.xml", {"Content-Type": "text/xml"}, NOW)


def page(number: int, inner: str = "") -> str:
    """Return one <url> of a sitemap."""
    return f"<url><loc>{SITE}{number}</loc>{inner}</url>"


def test_reads_pages_with_their_last_change() -> None:
    found = read(f"<urlset {URLSET}>{page(1, '<lastmod>2026-05-13T10:12:00Z</lastmod>')}</urlset>")
    assert found.error is None
    assert found.pages[0].url == f"{SITE}1"
    assert found.pages[0].changed == datetime(2026, 5, 13, 10, 12, tzinfo=UTC)


def test_a_change_without_zone_is_shanghai_and_flagged() -> None:
    found = read(f"<urlset {URLSET}>{page(1, '<lastmod>2026-05-13 10:12</lastmod>')}</urlset>")
    assert found.pages[0].modified == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert found.pages[0].date_flag == "no_zone"


def test_reads_a_news_sitemap() -> None:
    news = (
        "<news:news><news:publication><news:name>清岚日报</news:name>"
        "<news:language>zh-CN</news:language></news:publication>"
        "<news:publication_date>2026-05-13T10:12:00+08:00</news:publication_date>"
        "<news:title>停水&amp;lt;b&amp;gt;通知</news:title></news:news>"
    )
    found = read(f"<urlset {URLSET} {NEWS}>{page(1, news)}</urlset>").pages[0]
    assert (found.title, found.publication, found.language) == ("停水通知", "清岚日报", "zh-cn")
    assert found.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert (found.modified, found.changed, found.date_flag) == (None, found.published, "")


def test_reads_an_index() -> None:
    found = read(
        f"<sitemapindex {URLSET}><sitemap><loc>/news.xml</loc><lastmod>2026-05-13</lastmod>"
        "</sitemap><sitemap><loc>javascript:x</loc></sitemap></sitemapindex>"
    )
    assert [child.url for child in found.children] == [f"{SITE}news.xml"]
    assert found.children[0].modified == datetime(2026, 5, 12, 16, 0, tzinfo=UTC)


def test_reads_gzip_and_plain_lists() -> None:
    zipped = gzip.compress(f"<urlset {URLSET}>{page(1)}</urlset>".encode())
    assert read(zipped).pages[0].url == f"{SITE}1"
    assert [one.url for one in read(f"{SITE}1\n# no\n{SITE}2\r\n").pages] == [
        f"{SITE}1",
        f"{SITE}2",
    ]


def test_a_page_without_a_date_says_missing() -> None:
    assert read(f"<urlset {URLSET}>{page(1)}</urlset>").pages[0].date_flag == "missing"


def test_a_broken_page_does_not_cost_its_neighbours() -> None:
    found = read(
        f"<urlset {URLSET}>{page(1)}<url><loc>{SITE}2?a=1&b=2</loc></url>{page(3)}</urlset>"
    )
    assert [one.url for one in found.pages] == [f"{SITE}1", f"{SITE}2?a=1&b=2", f"{SITE}3"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"<html><body>x</body></html>", "<html>"),
        (b"just words", "neither XML"),
        (b"\x1f\x8b\x08broken", "unreadable"),
        (gzip.compress(b"<urlset>" + b" " * (11 * 1024 * 1024)), "more than"),
        (b"<rss><channel/></rss>", "<rss>"),
    ],
)
def test_what_is_no_sitemap_is_said_in_one_line(body: bytes, says: str) -> None:
    found = read(body)
    assert (found.pages, found.children) == ((), ())
    assert found.error is not None
    assert says in found.error


@given(st.binary(max_size=200), st.sampled_from([b"", b"<urlset><url><loc>", b"\x1f\x8b"]))
def test_never_raises(body: bytes, start: bytes) -> None:
    read(start + body)
