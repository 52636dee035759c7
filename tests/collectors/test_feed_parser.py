from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.feed_parser import (
    MOST_ENTRIES,
    ParsedFeed,
    discover_feeds,
    feed_as_json,
    parse_feed,
)

NOW = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
PAGE = "https://news.qinglan.example/"


def read(body: str | bytes, url: str | None = None, **headers: str) -> ParsedFeed:
    """Parse a feed as it would come from `url` (header names: content_type → content-type)."""
    raw = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_feed(raw, url, named, NOW)


def item(number: int, **parts: str) -> str:
    """Return an RSS item with its own words; parts replace or add elements."""
    elements = {
        "title": f"清岚区消息{number}",
        "link": f"{PAGE}{number}",
        "pubDate": "Wed, 13 May 2026 10:12:00 +0800",
    } | parts
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in elements.items())
    return f"<item>{inner}</item>"


def rss(*items: str, head: str = "<title>清岚发布</title>", extra: str = "") -> str:
    """Return an RSS 2.0 document."""
    return f'<rss version="2.0"{extra}><channel>{head}{"".join(items)}</channel></rss>'


# --- formats ---------------------------------------------------------------------------------


def test_reads_rss_to_the_second() -> None:
    found = read(rss(item(1, description="&lt;p&gt;正文&lt;/p&gt;", guid="g1")))
    assert (found.kind, found.title, found.error) == ("rss", "清岚发布", None)
    entry = found.entries[0]
    assert (entry.title, entry.link, entry.id) == ("清岚区消息1", f"{PAGE}1", "g1")
    assert entry.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert entry.updated is None
    assert (entry.summary, entry.text) == ("<p>正文</p>", "正文")


def test_reads_atom_with_both_times_and_types() -> None:
    found = read(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">清岚&amp;lt;b&amp;gt;</title>'
        '<link rel="self" href="/f"/><link href="/"/><author><name>区融媒体中心</name></author>'
        '<entry><id>tag:1</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
        'A<b>B</b></div></title><link rel="replies" href="/r"/><link href="n/1"/>'
        "<published>2026-05-13T10:12:00+08:00</published><updated>2026-05-14T00:00:00Z</updated>"
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>正文</p></div></content>'
        '<summary type="text">1 &lt; 2</summary></entry></feed>',
        PAGE,
    )
    entry = found.entries[0]
    assert (found.kind, found.link) == ("atom", PAGE)
    assert (entry.title, entry.link, entry.author) == ("AB", f"{PAGE}n/1", "区融媒体中心")
    assert entry.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert entry.updated == datetime(2026, 5, 14, tzinfo=UTC)
    assert entry.content == "<div><p>正文</p></div>"
    assert entry.summary == "1 &lt; 2"


def test_reads_rdf_with_items_beside_the_channel() -> None:
    found = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<channel><title>清岚</title></channel>"
        f'<item rdf:about="{PAGE}1"><title>一</title><dc:date>2026-05-13T10:12+08:00</dc:date>'
        "<dc:creator>通讯员</dc:creator></item></rdf:RDF>"
    )
    entry = found.entries[0]
    assert (found.kind, entry.link, entry.id, entry.author) == (
        "rdf",
        f"{PAGE}1",
        f"{PAGE}1",
        "通讯员",
    )
    assert entry.published == entry.updated == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "version", ["https://jsonfeed.org/version/1", "https://jsonfeed.org/version/1.1"]
)
def test_reads_json_feed(version: str) -> None:
    people = {"author": {"name": "甲"}} if version.endswith("1") else {"authors": [{"name": "甲"}]}
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "清岚",
        "home_page_url": PAGE,
        "items": [
            {
                "id": 7,
                "url": "/7",
                "content_text": "a < b",
                "date_published": "2026-05-13T10:12:00Z",
            }
            | people
        ],
    }
    entry = read(json.dumps(body), PAGE).entries[0]
    assert (entry.id, entry.link, entry.title) == ("7", f"{PAGE}7", "a < b")
    assert (entry.content, entry.author) == ("a &lt; b", "甲")


def test_podcast_and_media_names_fill_what_is_missing() -> None:
    found = read(
        rss(
            "<item><media:title>视频</media:title><itunes:author>台里</itunes:author>"
            '<itunes:summary>简介</itunes:summary><enclosure url="https://cdn.example/a.mp4"/></item>',
            extra=' xmlns:media="http://search.yahoo.com/mrss/"'
            ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"',
        )
    )
    entry = found.entries[0]
    assert (entry.title, entry.author, entry.summary) == ("视频", "台里", "简介")
    assert entry.link == "https://cdn.example/a.mp4"


def test_a_missing_title_is_made_from_the_text() -> None:
    assert (
        read(rss("<item><description>停水通知</description></item>")).entries[0].title == "停水通知"
    )


def test_an_entry_without_link_has_the_address_in_its_id() -> None:
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>https://a.example/n#x y</id>'
    assert read(f"{atom}</entry></feed>").entries[0].link == "https://a.example/n#x%20y"
    assert read(rss("<item><guid>https://a.example/1</guid></item>")).entries[0].link == (
        "https://a.example/1"
    )
    closed = '<item><guid isPermaLink="false">https://a.example/1</guid></item>'
    assert read(rss(closed)).entries[0].link == ""


def test_links_are_joined_with_xml_base_then_the_page_then_the_address() -> None:
    based = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/x/">'
        '<entry xml:base="y/"><link href="z"/></entry></feed>',
        "https://feeds.example/f",
    )
    assert based.entries[0].link == "https://a.example/x/y/z"
    paged = read(rss(item(1, link="/n/1"), head=f"<link>{PAGE}</link>"), "https://feeds.example/f")
    assert paged.entries[0].link == f"{PAGE}n/1"
    plain = read(rss(item(1, link="/n/1")), "https://feeds.example/f")
    assert plain.entries[0].link == "https://feeds.example/n/1"


def test_a_hidden_character_in_the_base_reaches_no_link() -> None:
    body = rss(item(1, link="/x", description='&lt;a href="y"&gt;z&lt;/a&gt;'))
    found = read(body.replace("<rss", '<rss xml:base="https://a\u202eb.example/"'))
    assert found.entries[0].link == "https://ab.example/x"
    assert found.entries[0].summary == '<a href="https://ab.example/y">z</a>'


# --- dates -----------------------------------------------------------------------------------


def test_a_time_without_zone_is_shanghai_unless_the_feed_is_foreign() -> None:
    naive = item(1, pubDate="2026-05-13 10:12:00")
    home = read(rss(naive)).entries[0]
    foreign = read(rss(naive, head="<language>en-us</language>")).entries[0]
    assert home.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert foreign.published == datetime(2026, 5, 13, 10, 12, tzinfo=UTC)
    assert home.date_flags == ("published:no_zone",)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("", ()),
        ("9999-01-01T00:00:00Z", ("published:implausible",)),
        ("1969-12-31T00:00:00Z", ("published:implausible",)),
        ("即将公布", ("published:unparsed",)),
    ],
    ids=["empty", "future", "past", "words"],
)
def test_a_useless_date_is_none_with_its_reason_and_never_now(
    text: str, flags: tuple[str, ...]
) -> None:
    entry = read(rss(item(1, pubDate=text))).entries[0]
    assert entry.published is None
    assert entry.date_flags == flags


# --- hostile and broken ----------------------------------------------------------------------


def test_one_bad_byte_costs_at_most_one_title() -> None:
    body = rss(*(item(number) for number in range(20))).encode()
    body = body.replace("清岚区消息7<".encode(), b"\xff\xfe\xe6<")
    titles = [entry.title for entry in read(body).entries]
    assert len(titles) == 20
    assert sum(title == f"清岚区消息{number}" for number, title in enumerate(titles)) == 19


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "big5hkscs", "utf-16", "utf-16-le"]
)
def test_six_encodings_give_the_same_titles(encoding: str) -> None:
    label = {"gb18030": "gb2312", "big5hkscs": "big5"}.get(encoding, encoding)
    text = f'<?xml version="1.0" encoding="{label}"?>' + rss(item(1, title="臨時停水通知"))
    assert read(text.encode(encoding)).entries[0].title == "臨時停水通知"


@pytest.mark.parametrize(
    "broken",
    [
        "<item><title>坏<b></title><description>x</item>",
        "<item><title><![CDATA[坏</title></item>",
        "<item><title>坏",
        "<item><title>坏 &nosuch; & < b</title></item>",
        "<item><title a=1 b>坏</title></item>",
        "<item><media:title>坏</media:title></item>",
        "<item><title>坏\x0b\x00</title></item>",
        f"<item><title>坏</title>{'<x>' * 300}</item>",
    ],
    ids=["tags", "cdata", "unclosed", "entities", "attributes", "prefix", "controls", "depth"],
)
def test_a_broken_item_does_not_cost_its_neighbours(broken: str) -> None:
    titles = [entry.title for entry in read(rss(item(1), broken, item(2), item(3))).entries]
    assert [title for title in titles if title.startswith("清岚")] == [
        "清岚区消息1",
        "清岚区消息2",
        "清岚区消息3",
    ]


def test_damage_is_noted_with_its_place() -> None:
    found = read(rss(item(1)) + "<", PAGE)
    assert found.error is None
    assert read(rss(item(1), "<item><title>坏</item>")).notes[0].startswith("line 1, column ")


def test_a_truncated_feed_gives_the_entries_before_the_cut() -> None:
    body = rss(*(item(number) for number in range(20)))
    found = read(body[: len(body) // 2])
    assert 9 <= len(found.entries) <= 11
    assert found.entries[0].title == "清岚区消息0"


def test_entities_of_the_document_are_never_expanded() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = (
        f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}<!ENTITY f SYSTEM "file:///etc/hostname">]>'
        + rss(item(1, title="笑 &l9; &f;"))
    )
    entry = read(body).entries[0]
    assert entry.title == "笑 &l9; &f;"


@pytest.mark.parametrize(
    "title",
    ["a&#xD800;b", "a&#x110000;b", "a&#0;b", "a&amp;#8203;b", "a\u202eb", "a\u200bb", "a&#x202e;b"],
    ids=["surrogate", "too-big", "nul", "entity-zw", "bidi", "zw", "bidi-ref"],
)
def test_titles_hold_no_unseen_character(title: str) -> None:
    found = read(rss(item(1, title=title, description=title))).entries[0]
    for text in (found.title, found.summary, found.text):
        assert re.sub("[\ufffd&#;\\w ]", "", text) == ""
        assert not re.search("[\u200b-\u200f\u202a-\u202e\ud800-\udfff]", text)


PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)></iframe>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href=" data:text/html,<script>alert(1)</script>">x</a>',
    '<p style="background:url(javascript:alert(1))">x</p>',
    "<style>@import 'http://x.example/'</style>",
    '<form action="http://x.example"><input name=p></form>',
    "<object data=http://x.example></object>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<!--><img src=x onerror=alert(1)>-->",
    '<a title="><img src=x onerror=alert(1)>">x</a>',
    "<img src=x onerror=alert(1)",
    "<<img src=x onerror=alert(1)>>",
    '<meta http-equiv=refresh content="0;url=http://x.example">',
    '<base href="http://x.example/">',
)
LIVE = re.compile(
    r"<\s*/?\s*(?!/?(?:a|img|p|table|div|b|i|br|br/)[\s>])[a-z!]|\son\w+\s*="
    r"|(?:src|href|action)=.?\s*(?:java|data)|style\s*=",
    re.IGNORECASE,
)


@pytest.mark.parametrize("number", range(len(PAYLOADS)))
@pytest.mark.parametrize("form", ["escaped", "cdata", "twice"])
def test_no_payload_lives(number: int, form: str) -> None:
    payload = PAYLOADS[number]
    once = payload.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = {
        "escaped": once,
        "cdata": f"<![CDATA[{payload}]]>",
        "twice": once.replace("&", "&amp;"),
    }[form]
    entry = read(rss(item(1, title=text, description=text))).entries[0]
    for safe in (entry.summary, entry.content):
        tags = "".join(re.findall(r"<[^<>]*>?", re.sub(r'(?:title|alt)="[^"]*"', "", safe)))
        assert not LIVE.search(tags)
    assert not re.search(
        r"<\s*(?:script|img|svg|iframe|a|style|math|object)\b", entry.title, re.IGNORECASE
    )


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://[::1", "ftp://a/b",
     " java\nscript:alert(1)"],
)  # fmt: skip
def test_links_are_http_or_nothing(link: str) -> None:
    assert read(rss(item(1, link=link))).entries[0].link == ""


def test_titles_end_at_500_characters() -> None:
    assert len(read(rss(item(1, title="长" * 2_000))).entries[0].title) == 500


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!doctype html><html><body>busy</body></html>", "HTML page"),
        (b"plain words", "not XML"),
        (b'{"items": 3}', "no list of items"),
        (b'{"items": [', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"<opml><body/></opml>", "not a feed"),
        (b"<rss>" + b" " * (10 * 1024 * 1024), "bytes"),
        (bytes(range(256)) * 40, ""),
    ],
)
def test_what_is_no_feed_is_said_in_one_line(body: bytes, says: str) -> None:
    found = read(body)
    assert found.entries == ()
    assert found.error is not None
    assert says in found.error
    assert "\n" not in found.error


def test_a_warning_printed_before_the_feed_is_skipped() -> None:
    found = read("<br />\n<b>Warning</b>: x in <b>/a.php</b><br />\n" + rss(item(1)))
    assert found.entries[0].title == "清岚区消息1"


@pytest.mark.parametrize(
    "body",
    [
        rss("<a>" * 300_000),
        rss("<item><title>a" * 100_000),
        rss("<item " + " ".join(f'a{n}="1"' for n in range(100_000)) + "><title>x</title></item>"),
        rss(item(1, description="<![CDATA[" + "<iframe>" * 300_000 + "]]>")),
        rss(item(1, description="<![CDATA[" + "<!--" * 500_000 + "]]>")),
        rss(item(1, description="<![CDATA[" + '<a x="<' * 300_000 + "]]>")),
        rss(item(1, description="<![CDATA[" + "<div>" * 300_000 + "]]>")),
        rss(item(1, description="& < " * 300_000)),
        rss(item(1, title="&lt;a x=" * 200_000)),
        rss("<item/>" * (MOST_ENTRIES + 5)),
        "<!DOCTYPE a " * 100_000,
    ],
    ids=["depth", "unclosed", "attributes", "frames", "comments", "quotes", "divs", "marks",
         "title-tags", "items", "doctypes"],
)  # fmt: skip
def test_hostile_shapes_end_and_stay_bounded(body: str) -> None:
    # A quadratic step anywhere would keep this test for minutes: each shape takes under a second.
    for entry in read(body).entries:
        assert len(entry.title) <= 500
        assert entry.summary is not None
        assert entry.text is not None


def test_entries_are_capped_and_the_cap_is_told() -> None:
    found = read(rss("<item/>" * (MOST_ENTRIES + 5)))
    assert len(found.entries) == MOST_ENTRIES
    assert "10,005 entries" in found.notes[0]


_PARTS = st.sampled_from(
    [
        *("<rss>", "</rss>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<link>"),
        *("</link>", "<entry>", "</entry>", "<feed xmlns='http://www.w3.org/2005/Atom'>"),
        *("</feed>", "<![CDATA[", "]]>", "&lt;b&gt;", "&amp;", "&#xD800;", "&#8203;", "&nbsp;"),
        *("&x;", "<!--", "-->", "<?xml version='1.0'?>", "<!DOCTYPE a [", "]>", "<pubDate>"),
        *("</pubDate>", "昨天", "2026-05-13", "http://[", "xml:base='http://['", "<a href='x"),
        *('"', "'", "<", ">", "{", "}", '{"items":[{"title":"', '"}]}', "\x00", "\udc80", "字"),
    ]
)


@given(st.lists(_PARTS, max_size=30))
def test_never_raises_on_pieces_of_feeds(parts: list[str]) -> None:
    found = parse_feed("".join(parts).encode("utf-8", "surrogatepass"), "http://h/f", None, NOW)
    json.dumps(feed_as_json("f", found), ensure_ascii=False).encode("utf-8")


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"<rss><item><title>", b"{", b"\xff\xfe<\x00"])
)
def test_never_raises_on_bytes(body: bytes, start: bytes) -> None:
    found = parse_feed(start + body, None, {"content-type": "text/xml; charset=gbk"}, NOW)
    json.dumps(feed_as_json("f", found), ensure_ascii=False).encode("utf-8")


# --- discovery and the command line's shape ----------------------------------------------------


def test_feeds_named_by_a_page_are_found_in_order() -> None:
    page = (
        '<head><base href="/news/"><link rel="stylesheet" href="a.css">'
        '<LINK REL="alternate" TYPE="application/rss+xml" HREF="rss.xml?a=1&amp;b=2">'
        "<link rel=alternate type=application/atom+xml href=https://b.example/atom>"
        '<link rel="alternate" type="text/html" href="/en"><link rel="feed" href="/feed.json">'
        '<link rel="alternate" type="application/rss+xml" href="javascript:x"></head>'
    )
    assert discover_feeds(page, PAGE) == (
        f"{PAGE}news/rss.xml?a=1&b=2",
        "https://b.example/atom",
        f"{PAGE}feed.json",
    )


def test_json_shape_has_iso_times_with_zone_and_none() -> None:
    row = feed_as_json("a.xml", read(rss(item(1))))
    assert row["path"] == "a.xml"
    assert row["error"] is None
    entries = row["entries"]
    assert isinstance(entries, list)
    assert entries[0]["published"] == "2026-05-13T02:12:00Z"
    assert entries[0]["updated"] is None


# --- real inputs -------------------------------------------------------------------------------


def test_legacy_encodings_give_every_title_right(shared: Path) -> None:
    from bench.feeds import legacy_titles  # noqa: PLC0415 - needs the corpus beside the project

    right, total, wrong = legacy_titles(shared / "corpus")
    assert total > 1_000
    assert (right, wrong) == (total, [])
