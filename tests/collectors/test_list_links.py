"""Rules of list pages: which links are the news, by shape or selector, and the next page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.list_links import ListLink, check_selector, find_links, next_page

PAGES = Path(__file__).parent / "pages"
LIST_PAGES = sorted(PAGES.glob("list_*.html"))
URL = "https://www.songhe.example/zwdt/index.html"
GOVERNMENT = (PAGES / "list_government.html").read_text(encoding="utf-8")


def links(count: int) -> str:
    return "".join(
        f"<li><a href='/n/{n}.html'>松河区第{n}号政务公开通告</a></li>" for n in range(count)
    )


@pytest.mark.parametrize("path", LIST_PAGES, ids=lambda path: path.stem)
def test_page_gives_what_its_golden_pair_says(path: Path) -> None:
    wanted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    html = path.read_text(encoding="utf-8")
    found = find_links(html, URL)
    assert [[link.url, link.title, link.date_text] for link in found] == wanted["links"]
    assert next_page(html, URL) == wanted["next"]


@pytest.mark.parametrize("selector", ["ul.news li", "ul.news a", ".list li:has(a)"])
def test_selector_of_items_or_of_links_gives_the_same(selector: str) -> None:
    assert find_links(GOVERNMENT, URL, selector) == find_links(GOVERNMENT, URL)


def test_selector_may_name_what_no_shape_would() -> None:
    found = find_links(GOVERNMENT, URL, ".side li")
    assert [link.title for link in found] == ["优化营商环境专题专栏", "防灾减灾宣传周活动"]


def test_selector_that_matches_nothing_gives_nothing() -> None:
    assert find_links(GOVERNMENT, URL, "table.absent a") == ()


def test_selector_that_is_no_css_is_named() -> None:
    assert check_selector("ul.news > li") is None
    assert "Malformed" in (check_selector("ul..news") or "")
    with pytest.raises(ValueError, match=r"selector 'ul\.\.news'"):
        find_links(GOVERNMENT, URL, "ul..news")


def test_two_links_are_no_list() -> None:
    assert find_links(f"<ul>{links(2)}</ul>", URL) == ()
    assert len(find_links(f"<ul>{links(3)}</ul>", URL)) == 3


def test_dated_list_beats_a_longer_box_at_the_side() -> None:
    hot = "".join(
        f"<li><a href='/hot/{n}'>热门第{n}位松河区全程回顾与图片集锦</a></li>" for n in range(9)
    )
    news = "".join(
        f"<li><a href='/n/{n}'>松河区第{n}号政务公开通告</a><i>2026-05-1{n}</i></li>"
        for n in range(4)
    )
    found = find_links(f"<div class='right'><ul>{hot}</ul></div><ul>{news}</ul>", URL)
    assert [link.date_text for link in found] == [f"2026-05-1{n}" for n in range(4)]


def test_short_titles_count_where_a_date_stands_beside_them() -> None:
    dated = "".join(f"<li><a href='/n/{n}'>停水通知{n}</a> 05-1{n}</li>" for n in range(4))
    assert len(find_links(f"<ul>{dated}</ul>", URL)) == 4
    assert find_links(f"<ul>{dated}</ul>".replace("05-", ""), URL) == ()


def test_date_of_a_definition_list_follows_the_link() -> None:
    pairs = "".join(
        f"<dt><a href='/n/{n}'>松河区第{n}号政务公开通告</a></dt><dd>办公室 05-1{n} 10:20</dd>"
        for n in range(4)
    )
    found = find_links(f"<dl>{pairs}</dl>", URL)
    assert [link.date_text for link in found] == [f"05-1{n} 10:20" for n in range(4)]


def test_card_that_is_one_link_gives_its_heading_and_its_time() -> None:
    cards = "".join(
        f"<div class='item'><a href='/n/{n}'><h3>松河区第{n}号政务公开通告</h3><p>点击查看。</p>"
        f"<span>{n + 1}小时前</span></a></div>"
        for n in range(3)
    )
    found = find_links(cards, URL)
    assert [link.title for link in found] == [f"松河区第{n}号政务公开通告" for n in range(3)]
    assert [link.date_text for link in found] == [f"{n + 1}小时前" for n in range(3)]


def test_each_address_comes_once_with_its_longest_title() -> None:
    doubled = "<li><a href='/n/1.html#top'>松河区第1号政务公开通告（附全文）</a></li>"
    found = find_links(f"<ul>{links(4)}{doubled}</ul>", URL)
    assert [link.url for link in found] == [
        f"https://www.songhe.example/n/{n}.html" for n in range(4)
    ]
    assert found[1].title.endswith("（附全文）")


def test_at_most_a_thousand_links_come_back() -> None:
    assert len(find_links(f"<ul>{links(1_500)}</ul>", URL)) == 1_000


def test_only_web_addresses_come_back() -> None:
    bad = "".join(
        f"<li><a href='{href}'>松河区政务公开活动预告信息</a></li>"
        for href in (
            "javascript:x()",
            "mailto:a@example.com",
            "data:text/html,x",
            "ftp://a.example/x",
            "#a",
        )
    )
    assert find_links(f"<ul>{bad}</ul>", URL) == ()


def test_invisible_characters_leave_the_title() -> None:
    html = f"<ul>{links(3)}</ul>".replace("松河区", "松\u200b河\u202e区")
    assert find_links(html, URL)[0].title == "松河区第0号政务公开通告"


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<a href='?page=2'>下一页</a>", "https://www.songhe.example/zwdt/index.html?page=2"),
        ("<a href='p3.html'>下一頁 ›</a>", "https://www.songhe.example/zwdt/p3.html"),
        ("<a rel=next href='/x/2'>2</a>", "https://www.songhe.example/x/2"),
        ("<a href='javascript:next()'>下一页</a>", None),
        ("<a href='index.html'>下一页</a>", None),
        ("<a href='/x'>下一篇：停水通知</a>", None),
        ("<script>createPageHTML(3, 1, 'index', 'shtml')</script>", "index_2.shtml"),
        ("<script>createPageHTML('pages', 3, 0, 'list', 'html', 55)</script>", "list_1.html"),
        ("<script>createPageHTML(3, 2, 'index', 'html')</script>", None),
        ("", None),
    ],
    ids=[
        "text",
        "trad",
        "rel",
        "script_link",
        "itself",
        "next_article",
        "trs",
        "trs_id",
        "last",
        "empty",
    ],
)
def test_next_page(html: str, wanted: str | None) -> None:
    if wanted is not None and not wanted.startswith("http"):
        wanted = f"https://www.songhe.example/zwdt/{wanted}"
    assert next_page(html, URL) == wanted


HOSTILE = {
    "links": "<a href='/x'>新闻标题新闻标题</a>" * 50_000,
    "nested": "<ul>" + "<li><a href='/n/1.html'>新闻标题新闻标题" * 30_000,
    "deep": "<div>" * 300_000 + links(5),
    "empty_items": "<ul>" + "<li></li>" * 90_000 + links(5),
    "paging": "createPageHTML('" + "a" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_list_ends(name: str) -> None:
    assert isinstance(find_links(HOSTILE[name], URL), tuple)
    next_page(HOSTILE[name], URL)


BITS = st.sampled_from(["<ul>", "<li>", "</a>", "<a href='", "http://[", "'>", "下一页", "\0"])


@settings(max_examples=80, deadline=None)
@given(st.lists(BITS | st.text(max_size=6), max_size=50).map("".join))
def test_no_page_raises(html: str) -> None:
    assert all(isinstance(link, ListLink) for link in find_links(html, URL))
    assert isinstance(next_page(html, URL), str | None)
