from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.plain_text import clean, html_to_text, is_clean, plain_title
from collectors.sanitise import Sanitiser, escape_text, safe_html, web_url

BASE = "https://news.qinglan.example/a/"
TAG = re.compile(r'<(/?)([a-z0-9]+)((?:\s[a-z]+="[^"<>]*")*)>')
VOID = {"br", "hr", "img", "wbr"}


def is_balanced(markup: str) -> bool:
    """Say whether every tag is well written and closed in order."""
    open_names: list[str] = []
    for closing, name, _ in TAG.findall(markup):
        if name in VOID:
            continue
        if not closing:
            open_names.append(name)
        elif not open_names or open_names.pop() != name:
            return False
    return not open_names and markup.count("<") == len(TAG.findall(markup))


@pytest.mark.parametrize(
    ("markup", "safe"),
    [
        ("一段<b>话</b>", "一段<b>话</b>"),
        ('<p class="x" style="y" onclick="z">话</p>', "<p>话</p>"),
        ('<a href="/b?a=1&amp;c=2" target=_blank>x</a>',
         '<a href="https://news.qinglan.example/b?a=1&amp;c=2">x</a>'),
        ("<a href=javascript:x>y</a>", "<a>y</a>"),
        ("<img src='i.png' alt='图' onerror=x>",
         '<img src="https://news.qinglan.example/a/i.png" alt="图">'),
        ("<script>x</script>话<style>y</style>", "话"),
        ("话<script>never ended", "话"),
        ("<blink>话</blink>", "话"),
        ("5 < 8 & 9", "5 &lt; 8 & 9"),
        ("<p>开", "<p>开</p>"),
        ("关</p></div>", "关"),
        ("<b><i>交</b>叉</i>", "<b><i>交</i></b>叉"),
        ("<br/><hr /><td/>", "<br><hr><td></td>"),
        ("<!-- a > b -->话<!-- 没完", "话"),
        ('<a title="a > b" href="x">y</a>',
         '<a href="https://news.qinglan.example/a/x" title="a &gt; b">y</a>'),
        ("<h:p xmlns:h='x'>话</h:p>", "<p>话</p>"),
        ("a\u202eb&#8203;c&zwj;d", "abcd"),
    ],
)  # fmt: skip
def test_fragments_keep_what_reads_and_lose_what_acts(markup: str, safe: str) -> None:
    assert safe_html(markup, BASE) == safe


def test_one_sanitiser_reads_many_fragments_of_a_clean_document() -> None:
    sanitiser = Sanitiser(BASE, document="<p>话</p>".encode())
    assert [sanitiser.rewrite("<p>话</p>") for _ in range(3)] == ["<p>话</p>"] * 3


def test_nesting_is_bounded() -> None:
    safe = safe_html("<div>" * 5_000 + "底" + "</div>" * 5_000)
    assert safe.count("<div>") == safe.count("</div>") == 200
    assert "底" in safe


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.example/x", "https://a.example/x"),
        (" /x\n", "https://news.qinglan.example/x"),
        ("//b.example/y", "https://b.example/y"),
        ("javascript:alert(1)", ""),
        ("JAVASCRIPT:alert(1)", ""),
        ("java\tscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("http://[::1", ""),
        ("http://a.example/\u202egpj", "http://a.example/gpj"),
    ],
)
def test_addresses_are_web_addresses_or_nothing(text: str, url: str) -> None:
    assert web_url(text, BASE) == url


def test_an_address_without_base_stays_relative_but_never_gains_a_scheme() -> None:
    assert web_url("/a/b") == "/a/b"
    assert web_url("a:b") == ""
    assert web_url("https:/no-host") == ""


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>一</p><p>二<br>三</p>", "一\n二\n三"),
        ("<table><tr><td>甲</td><td>乙</td></tr></table>", "甲 乙"),
        ("一\n  二", "一 二"),
        ("&lt;b&gt; &amp;amp; &nbsp;x", "<b> &amp; x"),
        ("<style>x</style>话<script>y", "话"),
        ("5 < 8 <b>话</b>", "5 < 8 话"),
    ],
)
def test_text_has_one_line_a_block(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("清岚&amp;amp;发布", "清岚&发布"),
        ("&lt;b&gt;停水&lt;/b&gt;通知", "停水通知"),
        ("停水 <BIGCO> 通知", "停水 <BIGCO> 通知"),
        ("3 < 5", "3 < 5"),
        ("一\n\t二", "一 二"),
        ("<img src=x onerror=alert(1)", ""),
        ("<b title='>'>停水</b>", "停水"),
    ],
)
def test_titles_are_plain(markup: str, title: str) -> None:
    assert plain_title(markup) == title


def test_escaped_text_shows_exactly_itself() -> None:
    assert escape_text("a <b> & \u202e") == "a &lt;b&gt; &amp; "


@pytest.mark.parametrize(
    "text",
    ["a\u200bb", "&#8203;", "&#x200B;", "&amp;#x202e;", "&rlm;", "&amp;zwnj;", "&#38;#8203;",
     "&#x000000000200B;", "&#00038;#8203;"],
)  # fmt: skip
def test_a_document_that_could_hold_unseen_characters_is_not_clean(text: str) -> None:
    assert not is_clean(f"清岚{text}发布".encode())


def test_an_ordinary_document_is_clean() -> None:
    assert is_clean("<p>清岚 &amp; &#8220;发布&#8221; &eacute; “—” é 𠀀</p>\r\n\t".encode())


_PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<div>", "</div>", "<a href='", "x'>", "</a>", "<script>", "</script>"),
        *(
            "<style>",
            "<!--",
            "-->",
            "<",
            ">",
            "'",
            '"',
            "&lt;",
            "&#60;",
            "javascript:",
            " onload=x",
        ),
        *("<svg><p>", "<math>", "</noscript>", "字", "\u202e", "<br/>", "<img src=", "=", "/", " "),
    ]
)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_whatever_comes_the_fragment_is_balanced_and_allowed(markup: str) -> None:
    safe = safe_html(markup, BASE)
    assert is_balanced(safe)
    assert not re.search(r"<(?:script|style|svg|math|iframe|object)", safe)
    assert clean(safe) == safe
    assert clean(html_to_text(markup)) == html_to_text(markup)
    assert "\n" not in plain_title(markup)


@given(st.lists(_PIECES, max_size=15).map("".join))
def test_sanitising_twice_changes_nothing(markup: str) -> None:
    once = safe_html(markup, BASE)
    assert safe_html(once, BASE) == once
