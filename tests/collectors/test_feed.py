from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.kinds.feed import KIND, Feed
from tests.collectors.site import NOW, Answer, Site

RSS = "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><title>河州资讯</title>{}</channel></rss>"
ITEM = "<item><title>柳湾停水</title><guid>1</guid><pubDate>Wed, 13 May 2026 10:12:00 +0800</pubDate>{}</item>"  # noqa: E501 - one document
ATOM = (
    "<feed xmlns='http://www.w3.org/2005/Atom'><title>河州资讯</title><entry><id>a1</id>"
    "<title>柳湾停水</title><updated>2026-05-13T10:12:00+08:00</updated>{}</entry></feed>"
)


def source(site: Site, **changes: object) -> Feed:
    fields: dict[str, object] = {"kind": "feed", "name": "news", "url": f"{site.url}/feed"}
    return KIND.model_validate(fields | changes)


def rss(*inside: str) -> str:
    return RSS.format("".join(ITEM.format(one) for one in inside))


def test_an_entry_is_read_with_its_words_time_and_origin(site: Site) -> None:
    site.pages["/feed"] = rss("<description>&lt;p&gt;送水车已到。&lt;/p&gt;</description>")
    (entry,) = site.collect(source(site)).entries
    assert (entry.external_id, entry.title, entry.text) == ("1", "柳湾停水", "送水车已到。")
    assert entry.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert entry.origin == "河州资讯"


@pytest.mark.parametrize(
    "feed",
    [
        rss("<source url='https://daily.example/feed'>清岚日报</source>"),
        rss("<dc:source>清岚日报</dc:source>"),
        rss("<dc:source>https://daily.example/1</dc:source><dc:publisher>清岚日报</dc:publisher>"),
        ATOM.format(
            "<source><id>d</id><title>清岚日报</title><author><name>x</name></author></source>"
        ),
        ATOM.format("<source><title type='html'>&lt;b&gt;清岚日报&lt;/b&gt;</title></source>"),
    ],
    ids=["rss", "dc-source", "dc-publisher", "atom", "atom-html"],
)
def test_a_reposted_entry_comes_from_whom_it_names(site: Site, feed: str) -> None:
    site.pages["/feed"] = feed
    (entry,) = site.collect(source(site)).entries
    assert (entry.title, entry.origin) == ("柳湾停水", "清岚日报")


@pytest.mark.parametrize(
    "inside", ["<source/>", "<dc:source>urn:1</dc:source>", "<source> </source>"]
)
def test_an_entry_that_names_nobody_comes_from_the_feed(site: Site, inside: str) -> None:
    site.pages["/feed"] = rss(inside)
    assert site.collect(source(site)).entries[0].origin == "河州资讯"
    assert site.collect(source(site, origin_is_source=False)).entries[0].origin == ""


def test_an_unchanged_feed_is_not_sent_again(site: Site) -> None:
    site.pages["/feed"] = Answer(rss("").encode(), kind="text/xml", etag='"1"')
    first = site.collect(source(site))
    assert site.collect(source(site), first.state).not_modified


def test_a_page_that_names_a_feed_leads_to_it(site: Site) -> None:
    link = "<link rel='alternate' type='application/rss+xml' href='/real'>"
    site.pages |= {"/feed": f"<html><head>{link}</head></html>", "/real": rss("")}
    collected = site.collect(source(site))
    assert len(collected.entries) == 1
    assert f"its feed is {site.url}/real" in collected.problems[-1]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(status=404), "404"),
        (Answer(b"<html><p>busy</p></html>"), "an HTML page, not a feed"),
        (Answer(b""), "empty body"),
        (Answer(b'{"items": 3}'), "not a JSON Feed"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_is_no_feed_is_a_failure_in_one_line(site: Site, answer: Answer, says: str) -> None:
    site.pages["/feed"] = answer
    collected = site.collect(source(site), {"etag": "x"}, NOW)
    assert says in collected.failure
    assert collected.state == {"etag": "x"}
