"""Mutated pages: whatever is cut, doubled or swapped, an article comes back and stays clean.

`YUQING_FUZZ_ROUNDS=200000` makes it long; a round is one mutant of one page.
"""

from __future__ import annotations

import os
import random
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from collectors.article import Article, extract_article
from collectors.list_links import find_links, next_page

PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))
NOW = datetime(2026, 7, 1, tzinfo=UTC)
URL = "https://news.example.com/list/index.html"
ROUNDS = int(os.environ.get("YUQING_FUZZ_ROUNDS", "400"))
BITS = tuple(
    line.encode("utf-8")
    for line in """
<div>
</div>
<p>
<a href=//[>
<!--
-->
<![CDATA[
<script>
&#xD800;
&#x110000;
&#8203;
&#8238;
<title>
"
'
<table><tr><td>
</html>
<ruby><rt>
<plaintext>
<svg><style>
<base href='http://[::1'>
2026年13月45日 99:99
来源：
昨天
<script type='application/ld+json'>{"@type":["Article"],"author":{"name":[null,{}]}}</script>
<meta http-equiv=content-type content='text/html; charset=utf-7'>
createPageHTML(9,0,'a','b')
""".splitlines()
) + (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x81\x30")


def mutants(rounds: int) -> Iterator[bytes]:
    """Yield pages with one to eight faults each; the same ones at every run."""
    pages = [path.read_bytes() for path in PAGES]
    for seed in range(rounds):
        chance = random.Random(seed)
        page = bytearray(chance.choice(pages))
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(page) + 1)
            width = chance.choice((1, 3, 20, 200, 2000))
            match chance.randrange(5):
                case 0:
                    del page[place : place + width]
                case 1:
                    page[place:place] = chance.choice(BITS) * chance.choice((1, 1, 1, 50, 400))
                case 2:
                    page[place:place] = page[place : place + width] * chance.choice((2, 30))
                case 3:
                    page[place : place + 1] = bytes([chance.randrange(256)])
                case _:
                    other = chance.choice(pages)
                    start = chance.randrange(len(other))
                    page[place : place + width] = other[start : start + width]
        yield bytes(page)


def check(page: bytes) -> None:
    """Assert what holds for any page."""
    article = extract_article(page, URL, NOW)
    assert isinstance(article, Article)
    assert article.error is None or not article.error.startswith("page not read"), article.error
    shown = article.title + article.text + article.source + article.author + article.editor
    assert not any(
        unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n" for char in shown
    )
    assert article.canonical_url is None or article.canonical_url.startswith("http")
    text = page.decode("utf-8", "replace")
    for link in find_links(text, URL):
        assert link.url.startswith(("http://", "https://"))
    next_page(text, URL)


def test_mutated_pages_give_clean_articles_and_web_links() -> None:
    for page in mutants(ROUNDS):
        check(page)
