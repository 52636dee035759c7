"""Mutations of good inputs: whatever comes, the border holds.

YUQING_FUZZ_INPUTS sets how many are tried (300 without it); 20,000 take about 20 seconds.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from collectors.dates import parse_date
from collectors.decode import decode
from collectors.feed_parser import discover_feeds, feed_as_json, parse_feed
from collectors.json_mapping import read_rows
from collectors.json_presets import PRESETS
from collectors.plain_text import clean, html_to_text, plain_title
from collectors.sanitise import safe_html
from collectors.sitemap_parser import parse_sitemap

NOW = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
INPUTS = int(os.environ.get("YUQING_FUZZ_INPUTS", "300"))

RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>清岚发布 &amp; 政务</title><link>https://news.qinglan.example/</link>
<language>zh-cn</language>
<item><title><![CDATA[停水 <b>通知</b>]]></title>
<link>https://news.qinglan.example/1?a=1&amp;b=2</link><guid isPermaLink="false">n1</guid>
<pubDate>Wed, 13 May 2026 10:12:00 +0800</pubDate><dc:creator>通讯员</dc:creator>
<description>&lt;p&gt;今晚停水。
&lt;a href="/x" title="a&gt;b"&gt;详情&lt;/a&gt;&lt;/p&gt;</description>
<content:encoded><![CDATA[<div><p>正文<br/><img src="i.png" alt="图"></p>
<script>x</script></div>]]></content:encoded></item>
<item><title>第二条&#8220;好&#8221;</title><pubDate>2026年5月13日 10:12</pubDate></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://news.qinglan.example/a/">
<title type="html">清岚</title><entry><id>tag:1</id><title type="xhtml">
<div xmlns="http://www.w3.org/1999/xhtml">停水<b>通知</b></div></title>
<link href="n/1"/><updated>2026-05-13T10:12:00Z</updated><author><name>甲</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>正文</p></div></content>
</entry></feed>"""
JSON_ITEM = {"id": "1", "url": "/1", "content_html": "<p>正文</p>", "date_published": "2026-05-13"}
JSON_FEED = json.dumps(
    {"version": "https://jsonfeed.org/version/1.1", "title": "清岚", "items": [JSON_ITEM]},
    ensure_ascii=False,
)
SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url>
<loc>https://news.qinglan.example/1</loc><lastmod>2026-05-13T10:12:00+08:00</lastmod></url></urlset>"""
TARGET = {"title": "停水", "url": "https://a.example/1", "created": 1778638320}
ROWS = json.dumps({"data": [{"card_id": "Q_1", "target": TARGET}]}, ensure_ascii=False)
DATES = (
    "2026年5月13日 10:12",
    "昨天 08:15",
    "半小时前",
    "上周三 14:00",
    "Wed, 13 May 2026 10:12:00 +0800",
)

FEEDS = [
    text.encode(code) for text in (RSS, ATOM, JSON_FEED) for code in ("utf-8", "gb18030", "utf-16")
]
PIECES = (
    [b"<", b">", b"&", b'"', b"'", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<!DOCTYPE a [", b"]>"]
    + [b"&#xD800;", b"&#x110000;", b"&#0;", b"&#38;#60;", b"&nbsp;", b"&amp;#8203;", b"&#x202e;"]
    + [
        b"<item>",
        b"</item>",
        b"<entry>",
        b"</title>",
        b"<title>",
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
    ]
    + [b'xml:base="http://["', b"<script>", b"</script", b'<a href="javascript:x">', b" onload=x"]
    + [b"\xe2\x80\xae", b"\xe2\x80\x8b", b"{", b"}", b"[", b"\\ud800", b"9" * 30, b"<a " * 50]
    + [b'<?xml version="1.0" encoding="', b"gb2312", b"utf-16", b"<div>" * 300, "年前点半".encode()]
)
ALLOWED_TAG = re.compile(r'</?[a-z][a-z0-9]*(?:\s[a-z]+="[^"<>]*")*>')
ALLOWED_URL = re.compile(r"https?://[^/\s]|mailto:|[^:]*$|[^:/?#]*[/?#]")


def mutated(source: random.Random, body: bytes) -> bytes:
    """Return `body` after a few random cuts, copies, insertions and flipped bytes."""
    changed = bytearray(body)
    for _ in range(source.choice((1, 1, 2, 3, 8, 30))):
        at = source.randrange(len(changed) + 1)
        match source.randrange(5):
            case 0:
                changed[at : at + 1] = bytes([source.randrange(256)])
            case 1:
                del changed[at : at + source.choice((1, 3, 20, 300))]
            case 2:
                start = source.randrange(len(changed) + 1)
                changed[at:at] = changed[start : start + source.choice((3, 30, 400))]
            case _:
                changed[at:at] = source.choice(PIECES)
    return bytes(changed)


def assert_safe(fragment: str) -> None:
    """Hold a fragment to what readers of it rely on."""
    assert clean(fragment) == fragment
    assert fragment.count("<") == len(ALLOWED_TAG.findall(fragment))
    for url in re.findall(r' (?:href|src)="([^"]*)"', "".join(ALLOWED_TAG.findall(fragment))):
        assert ALLOWED_URL.match(url), url
    assert not re.search(r"<(?:script|style|iframe|svg|math|object|form)\b", fragment)


def try_feed(source: random.Random) -> None:
    body = mutated(source, source.choice(FEEDS))
    url = source.choice((None, "https://news.qinglan.example/f", "http://[x"))
    parsed = parse_feed(
        body, url, {"Content-Type": source.choice(("text/xml; charset=gbk", ""))}, NOW
    )
    for entry in parsed.entries:
        assert len(entry.title) <= 500
        assert clean(entry.title) == entry.title
        assert re.match(r"(?:https?://[^/]|[^:]*$|[^:/?#]*[/?#])", entry.link), entry.link
        assert_safe(entry.summary)
        assert_safe(entry.content)
        assert clean(entry.text) == entry.text
    json.dumps(feed_as_json("f", parsed), ensure_ascii=False).encode()


def try_fragment(source: random.Random) -> None:
    text = decode(mutated(source, source.choice(FEEDS))).text
    markup = text.replace("&lt;", "<").replace("&gt;", ">").replace("<![CDATA[", "")
    assert_safe(safe_html(markup, "https://news.qinglan.example/"))
    assert clean(html_to_text(markup)) == html_to_text(markup)
    assert "\n" not in plain_title(markup)
    discover_feeds(markup, "https://news.qinglan.example/")


def try_sitemap(source: random.Random) -> None:
    parse_sitemap(mutated(source, SITEMAP.encode()), "https://news.qinglan.example/", {}, NOW)


def try_rows(source: random.Random) -> None:
    body = mutated(source, source.choice((ROWS, RSS)).encode())
    read_rows(body, source.choice(list(PRESETS.values())).mapping, "s", NOW)


def try_date(source: random.Random) -> None:
    text = mutated(source, source.choice(DATES).encode()).decode("utf-8", "replace")
    found = parse_date(text, NOW)
    assert found.value is None or found.value.tzinfo is UTC


@pytest.mark.parametrize("attempt", [try_feed, try_fragment, try_sitemap, try_rows, try_date])
def test_mutations_never_pass_the_border(attempt: Callable[[random.Random], None]) -> None:
    source = random.Random(f"{attempt.__name__} 20260520")
    for _ in range(INPUTS):
        attempt(source)
