"""Rules of article extraction: what is read from a page, and what never happens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.article import Article, article_as_json, extract_article

PAGES = Path(__file__).parent / "pages"
ARTICLE_PAGES = sorted(PAGES.glob("article_*.html"))
NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
URL = "https://news.example.com/a/1.html"
PARAGRAPH = "<p>新城路口的红绿灯已经修好，早晚高峰安排了两名协管员，行人过街比上周顺畅了不少。</p>"


def page(body: str, head: str = "") -> str:
    return f"<html><head><meta charset='utf-8'>{head}</head><body>{body}</body></html>"


def extract(body: str, head: str = "", url: str | None = URL) -> Article:
    return extract_article(page(body, head), url, NOW)


@pytest.mark.parametrize("path", ARTICLE_PAGES, ids=lambda path: path.stem)
def test_page_gives_what_its_golden_pair_says(path: Path) -> None:
    wanted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    article = extract_article(path.read_bytes(), URL, NOW)
    assert article_as_json(path.name, article) == {"path": path.name, **wanted}


def test_there_are_golden_pages() -> None:
    assert len(ARTICLE_PAGES) >= 7


def test_page_in_gbk_under_a_gb2312_label_reads_the_same() -> None:
    path = PAGES / "article_table_portal.html"
    text = path.read_text(encoding="utf-8")
    assert extract_article(text.encode("gb18030"), URL, NOW) == extract_article(text, URL, NOW)


def test_time_is_kept_in_utc() -> None:
    article = extract(f"<h1>新城路口红绿灯修好</h1><div>2026-05-13 10:12</div>{PARAGRAPH}")
    assert article.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert article.published_precision == "minute"


def test_a_bare_day_stays_a_day() -> None:
    article = extract(f"<h1>新城路口红绿灯修好</h1><div>发布时间：2026-05-13</div>{PARAGRAPH}")
    assert article.published_precision == "day"
    assert article_as_json("x", article)["published"] == "2026-05-13"


def test_a_missing_time_is_not_now() -> None:
    article = extract(f"<h1>新城路口红绿灯修好</h1>{PARAGRAPH}")
    assert article.published is None
    assert article_as_json("x", article)["published"] is None


def test_time_shown_to_the_minute_beats_the_same_day_in_the_head() -> None:
    head = "<meta name='PubDate' content='2026-05-13'>"
    article = extract(f"<h1>红绿灯修好</h1><div>时间：2026-05-13 10:12</div>{PARAGRAPH}", head)
    assert article_as_json("x", article)["published"] == "2026-05-13T10:12+08:00"


def test_relative_time_is_read_at_now() -> None:
    head = "<meta name='pubdate' content='昨天 08:30'>"
    article = extract(f"<h1>新城路口红绿灯修好</h1>{PARAGRAPH}", head)
    assert article.published == datetime(2026, 6, 30, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("发布时间：06-30 22:46", "2026-06-30T22:46+08:00"),
        ("新城日报 昨天 08:30", "2026-06-30T08:30+08:00"),
        ("新城日报 3小时前", "2026-07-01T09:00+08:00"),
        ("更新时间：2026-05-20 发布时间：2026-05-13 10:12", "2026-05-13T10:12+08:00"),
        ("2026年5月13日 星期三 10:12", "2026-05-13T10:12+08:00"),
        ("成文日期：2026-04-28 发布日期：2026-05-13", "2026-05-13"),
    ],
    ids=["no_year", "yesterday", "hours_ago", "update_first", "weekday", "signed_first"],
)
def test_time_below_the_title_is_read_as_written(line: str, published: str) -> None:
    article = extract(f"<h1>新城路口红绿灯修好</h1><div>{line}</div>{PARAGRAPH}")
    assert article_as_json("x", article)["published"] == published


def test_time_of_a_comment_is_not_the_time_of_the_article() -> None:
    comments = "<div class='comments'><p>终于修好了</p><span>3小时前</span></div>"
    assert extract(f"<h1>新城路口红绿灯修好</h1>{PARAGRAPH}{comments}").published is None


def test_time_kept_for_scripts_is_read_where_the_page_shows_none() -> None:
    script = '<script>window.data = {"publishTime":"2026-05-13 10:12:00"}</script>'
    article = extract(f"<h1>新城路口红绿灯修好</h1>{PARAGRAPH}{script}")
    assert article_as_json("x", article)["published"] == "2026-05-13T10:12+08:00"


def test_day_in_the_address_is_the_last_resort() -> None:
    url = "https://news.example.com/2026/0513/c1-2.html"
    article = extract(f"<h1>新城路口红绿灯修好</h1>{PARAGRAPH}", url=url)
    assert article_as_json("x", article)["published"] == "2026-05-13"


def test_clock_of_the_portal_is_not_the_time_of_the_article() -> None:
    body = f"<div>今天是2026年6月30日 星期二</div><h1>新城路口红绿灯修好</h1>{PARAGRAPH}"
    assert extract(body).published is None


def test_day_in_a_sentence_is_not_the_time_of_the_article() -> None:
    day = PARAGRAPH.replace("已经修好", "已于2026年3月5日修好")
    assert extract(f"<h1>新城路口红绿灯修好</h1>{day}{PARAGRAPH}").published is None


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("来源：新城日报", "新城日报"),
        ("2026-05-13 10:12 來源：新城區公所", "新城區公所"),
        ("稿源：新城融媒 作者：白小川", "新城融媒"),
        ("发布时间：2026-05-13 来源：新城日报 浏览次数：20", "新城日报"),
        ("新城日报 2026-05-13 10:12", "新城日报"),
        ("白小川/新城青年报 2026-05-13", "新城青年报"),
        ("新城发布05-13 16:20阅读 3.2万", "新城发布"),
        ("新城网讯　2026-05-13 记者：白小川", "新城网"),
        ("2026年05月13日 来源：新城通讯社<a>参与互动</a>", "新城通讯社"),
        ("2026-05-13 字号：大 中 小", ""),
    ],
    ids=(
        "label",
        "trad",
        "gaoyuan",
        "between_labels",
        "before_date",
        "person_paper",
        "no_year",
        "dateline",
        "glued_link",
        "none",
    ),
)
def test_source_is_read_from_the_byline(line: str, source: str) -> None:
    assert extract(f"<h1>新城路口红绿灯修好</h1><div>{line}</div>{PARAGRAPH}").source == source


@pytest.mark.parametrize(
    ("last", "editor"),
    [
        ("责任编辑：白小川", "白小川"),
        ("【責任編輯：白小川】", "白小川"),
        ("（责编：白小川、何青）", "白小川、何青"),
        ("编辑：白小川 校对：何青", "白小川"),
    ],
    ids=["plain", "brackets", "two", "before_next_label"],
)
def test_editor_is_read_and_leaves_the_text(last: str, editor: str) -> None:
    article = extract(f"<h1>新城路口红绿灯修好</h1>{PARAGRAPH}{PARAGRAPH}<p>{last}</p>")
    assert article.editor == editor
    assert "白小川" not in article.text


@pytest.mark.parametrize(
    ("sentence", "author"),
    [
        ("（记者 白小川）", "白小川"),
        ("（白小川／新城報導）", "白小川"),
        ("（中央社記者白小川新城13日電）", "白小川"),
        ("記者白小川新城報導", "白小川"),
        ("本报记者 白小川 报道", "白小川"),
        ("记者从市交警支队获悉", ""),
        ("有记者通过电子邮件询问", ""),
    ],
    ids=["brackets", "slash", "agency", "glued", "reports", "a_sentence", "a_verb"],
)
def test_reporter_is_read_but_no_sentence_about_one(sentence: str, author: str) -> None:
    body = f"<h1>新城路口红绿灯修好</h1>{PARAGRAPH}<p>{'协管员说，' * 30}路口好走了。{sentence}</p>"
    assert extract(body).author == author


def test_title_goes_without_column_and_site() -> None:
    head = "<title>新城路口红绿灯修好_民生_新城网</title>"
    assert extract(PARAGRAPH, head).title == "新城路口红绿灯修好"


def test_title_in_a_plain_element_is_found_where_the_head_names_only_the_column() -> None:
    head = "<title>民生新闻--新城区人民政府网站</title>"
    line = "<div>新城路口红绿灯今天修好了</div><div>发布时间：2026-05-13</div>"
    assert extract(line + PARAGRAPH, head).title == "新城路口红绿灯今天修好了"


def test_article_before_any_body_tag_is_read() -> None:
    html = f"<title>x</title><article><h1>红绿灯修好</h1>{PARAGRAPH}</article><div>版权所有</div>"
    assert "协管员" in extract_article(html, URL, NOW).text


def test_site_stands_in_for_a_source_that_the_page_does_not_name() -> None:
    assert extract(PARAGRAPH, "<title>新城路口红绿灯修好_民生_新城网</title>").source == "新城网"


def test_text_after_a_glued_header_page_is_read() -> None:
    glued = f"<html><body><div>首页</div></body></html><div><h1>红绿灯修好</h1>{PARAGRAPH}</div>"
    assert "协管员" in extract_article(glued, URL, NOW).text


def test_signature_and_salutation_stay_where_labels_go() -> None:
    body = (
        f"<div>大 中 小</div><div>各位市民：</div>{PARAGRAPH}{PARAGRAPH}"
        "<div>新城区交通局</div><div>2026年5月13日</div><div>赞 0</div>"
    )
    lines = extract(f"<h1>新城路口红绿灯修好</h1><div class='con'>{body}</div>").text.split("\n")
    assert lines[0] == "各位市民："
    assert lines[-2:] == ["新城区交通局", "2026年5月13日"]


def test_cells_that_repeat_stay_in_a_table() -> None:
    rows = "".join(f"<tr><td>第{n}批自来水水样</td><td>合格</td></tr>" for n in range(5))
    assert extract(f"<h1>水样结果</h1>{PARAGRAPH}<table>{rows}</table>").text.count("合格") == 5


def test_pinyin_and_hidden_text_are_left_out() -> None:
    ruby = "<ruby>路<rp>(</rp><rt>lù</rt><rp>)</rp></ruby>"
    hidden = "<span style='display:none'>加微信刷单</span>"
    text = extract(PARAGRAPH.replace("路", ruby).replace("，", "，" + hidden)).text
    assert "lù" not in text
    assert "刷单" not in text
    assert "新城路口" in text


def test_zero_width_and_direction_characters_go() -> None:
    spoiled = PARAGRAPH.replace("红绿灯", "红\u200b绿\u202e灯\u2066\ufeff")
    assert extract(spoiled).text.startswith("新城路口的红绿灯")


def test_characters_of_the_page_are_kept() -> None:
    traditional = (
        "<p>清溪橋封閉檢修兩週，ＡＢＣ三線公車改道，請用路人依指示牌行駛，造成不便敬請見諒。</p>"
    )
    assert "橋封閉檢修兩週，ＡＢＣ三線" in extract(traditional).text


def test_middle_dot_of_a_name_stays() -> None:
    named = "<p>约翰·米勒说，红绿灯修好以后，路口好走多了，他每天送孩子上学不用再绕远路。</p>"
    assert "约翰·米勒" in extract(named).text


def test_canonical_address_is_absolute_and_only_http() -> None:
    assert extract(PARAGRAPH, "<link rel=canonical href='/b.html'>").canonical_url == (
        "https://news.example.com/b.html"
    )
    assert extract(PARAGRAPH, "<link rel=canonical href='javascript:x'>").canonical_url is None


def test_the_same_page_gives_the_same_article() -> None:
    body = PAGES.joinpath("article_mirror_spam.html").read_bytes()
    assert extract_article(body, URL, NOW) == extract_article(body, URL, NOW)


def test_page_without_text_says_so() -> None:
    assert extract_article(b"", URL, NOW).error == "page holds no HTML element: nothing to read"
    assert extract("<script>1</script>").error == "page holds no article text"


def test_seed_page_is_read_whole(shared: Path) -> None:
    body = (shared / "corpus" / "spam" / "seed_000.txt").read_bytes()
    article = extract_article(body, None, NOW)
    assert len(article.title) > 10
    assert article.title in body.decode("utf-8")
    assert article.published == datetime(2020, 5, 13, 2, 12, tzinfo=UTC)
    assert article.source == "上街區人民政府"
    assert len(article.editor) == 2
    assert f"責任編輯:{article.editor}" in body.decode("utf-8")
    assert article.text.count("\n") > 10
    assert all(line in body.decode("utf-8") for line in article.text.split("\n"))
    assert "責任編輯" not in article.text


HOSTILE = {
    "deep": "<div>x" * 400_000,
    "comments": "<!--" * 500_000,
    "attributes": "<div " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x</div>",
    "quoted_attributes": "<p " + " ".join(f'a{n}=">"' for n in range(120_000)) + ">x</p>",
    "paragraphs": "<p>你好，世界。</p>" * 200_000,
    "links": "<a href='/x'>新闻标题新闻标题</a>" * 50_000,
    "tails": ("<p>相关新闻</p><p>" + "字" * 120 + "。</p>") * 5_000,
    "titles": "<title>" + "a-b - " * 200_000 + "</title><p>x",
    "linked_data": "<script type='application/ld+json'>" + "[" * 140_000 + "</script>",
    "dates": "<p>2020-01-01 " * 50_000,
    "labels": "<h1>t</h1><div>来源：</div>" * 30_000,
    "marks": "<p>" + "中*" * 400_000,
    "lone_surrogates": "\ud800" * 50_000 + "<p>x",
    "nul": "\0" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_ends_as_an_article(name: str) -> None:
    assert isinstance(extract_article(HOSTILE[name], URL, NOW), Article)


def test_page_with_an_attribute_bomb_keeps_its_text() -> None:
    bomb = "<div " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x</div>"
    assert "协管员" in extract(bomb + PARAGRAPH).text


PIECES = st.sampled_from([
    "<div>", "</div>", "<p>", "</p>", "<h1>", "</h1>", "<table><tr><td>", "</table>", "<br>",
    "<a href='/1'>", "</a>", "<ruby>", "<rt>", "<!--", "-->", "<script>", "</script>", "<title>",
    "<meta name='pubdate' content='", "'>", "来源：", "责任编辑：", "2026-05-13 10:12", "昨天",
    "相关阅读", "新城路口的红绿灯已经修好。", "&#xD800;", "&#0;", "\u200b", "\x00", "\ud800",
    "</html>",
    "<script type='application/ld+json'>{\"@type\":\"Article\",\"author\":[{", "}]}", "*", " ",
    "<span style='display:none'>", "<article class='comment'>", "<time datetime='9999-99-99'>",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=60).map("".join))
def test_no_page_raises(html: str) -> None:
    article = extract_article(html, URL, NOW)
    assert article.published is None or article.published.tzinfo is UTC
    assert not any(ord(char) < 32 and char != "\n" for char in article.text + article.title)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_raise(body: bytes) -> None:
    assert isinstance(extract_article(body, None, NOW), Article)
