"""An article out of a page: title, time, source, people and clean text.

`extract_article` never raises: a page that cannot be read is an Article with `error` set. Display
text keeps the page's own characters; only zero-width, direction and control characters go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from collectors.article_byline import Byline, read_byline, shown_title, surroundings
from collectors.article_date import Clock, DateLines, choose_date, zone_of_language
from collectors.article_head import Head, read_head
from collectors.article_lines import is_scattered, without_scattered
from collectors.article_marks import marked_author, marked_dates, marked_source, stated_name
from collectors.article_page import Page, parse_tree, read_page, weigh
from collectors.article_text import find_main, text_of
from collectors.article_title import choose_title, site_in
from collectors.decode import decode

# A page is cut before it is decoded: bytes beyond this are not read.
MAX_PAGE_BYTES = 4_000_000
# A text shorter than this may be the wrong part: names of classes and hiding are set aside once.
_SHORT_TEXT_WEIGHT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a page says.

    `published` is aware UTC, `published_precision` "second", "minute" or "day", `offset_minutes`
    the zone it was written in. `source` is the 来源 the page names, else its site; `author` the
    writer, `editor` the 责任编辑.
    Empty strings stand for what the page does not say. `error` tells why there is no text.
    """

    title: str = ""
    published: datetime | None = None
    published_precision: str = ""
    offset_minutes: int = 480
    source: str = ""
    author: str = ""
    editor: str = ""
    text: str = ""
    canonical_url: str | None = None
    error: str | None = None


def extract_article(
    body: bytes | str, url: str | None, now: datetime, declared: str | None = None
) -> Article:
    """Return the article of a page read at `now`; `declared` is the HTTP charset. Never raises."""
    try:
        return _extract(body, url, now, declared)
    except Exception as fault:  # noqa: BLE001 - the border: one page must not stop a round
        return Article(error=f"page not read: {type(fault).__name__}: {fault}"[:300])


def _extract(body: bytes | str, url: str | None, now: datetime, declared: str | None) -> Article:
    html = body if isinstance(body, str) else decode(body[:MAX_PAGE_BYTES], declared).text
    tree = parse_tree(html)
    if tree is None:
        return Article(error="page holds no HTML element: nothing to read")
    head = read_head(tree, url)
    page = read_page(tree)
    start, end = find_main(page)
    title = choose_title(head, headings_of(page, start))
    title = shown_title(page, start, title) or title or _first_line(page)
    text = text_of(page, start, end, title)
    if weigh(text) < _SHORT_TEXT_WEIGHT:
        whole = read_page(tree, ignore_hints=True)
        span = find_main(whole)
        relaxed = text_of(whole, *span, title)
        if len(relaxed) > 2 * len(text):
            page, (start, end), text = whole, span, relaxed
    if weigh(text) < _SHORT_TEXT_WEIGHT and len(head.body) > len(text):
        text = head.body
    if is_scattered(text):
        text, title = without_scattered(text), without_scattered(title)
    around = surroundings(page, start, end, title)
    is_chinese = _is_chinese(title)
    byline = read_byline(around, is_chinese=is_chinese)
    clock = Clock(now, zone_of_language(tree.get("lang") or ""))
    lines = DateLines(around, marked_dates(page, around.top, start))
    when = choose_date(head, lines, url, html, clock)
    return Article(
        title=title,
        published=when.value,
        published_precision=when.precision,
        offset_minutes=480 if is_chinese else when.offset_minutes,
        source=byline.source or marked_source(page, around.top, start) or _stated_source(head),
        author=_author(head, byline, marked_author(page, start, end)),
        editor=byline.editor,
        text=text,
        canonical_url=head.canonical,
        error=None if text else "page holds no article text",
    )


def _first_line(page: Page) -> str:
    """Return the first short block of a page that names no title: a text file, a fragment."""
    lines = (block.text.split("\n", maxsplit=1)[0] for block in page.blocks[:20])
    return next((line for line in lines if 8 <= weigh(line) <= 160 and "。" not in line), "")


def headings_of(page: Page, start: int) -> list[str]:
    """Return the page's headings, the likeliest title first: the h1 nearest before the text."""
    early = [b for b in page.blocks[: start + 4] if b.tag == "h1"]
    late = [b for b in page.blocks[start + 4 :] if b.tag == "h1"]
    second = [b for b in page.blocks[: start + 4] if b.tag == "h2"]
    return [b.text for b in [*reversed(early), *late, *reversed(second)] if b.weight < 300]


def _is_chinese(text: str) -> bool:
    han = sum("\u4e00" <= char <= "\u9fff" for char in text)
    kana = sum("\u3040" <= char <= "\u30ff" for char in text)
    return han * 3 > len(text) and kana * 8 < han


def _stated_source(head: Head) -> str:
    """Return the source the head states, else the name of the site."""
    stated = (head.meta.get(name, "") for name in ("contentsource", "source", "mediaid"))
    site = head.meta.get("og:site_name") or head.publisher or site_in(head.title)
    return next(filter(None, stated), "") or site


def _author(head: Head, byline: Byline, marked: str) -> str:
    """Return the writer: linked data's, the byline's, a marked element's or the meta tag's."""
    not_people = {head.publisher, byline.source, head.meta.get("og:site_name"), ""}
    stated = "；".join(name for name in head.authors if name not in not_people)
    named = stated or byline.author or (marked if marked not in not_people else "")
    meta = stated_name(head.meta.get("author", ""))
    return named or meta or "；".join(head.organisations or head.authors)


def article_as_json(path: str, article: Article) -> dict[str, str | None]:
    """Return the command line's line for a page.

    `published` is ISO 8601 to the minute with the zone of the page (Asia/Shanghai for Chinese ones
    and where it names none), a bare date where only the day is known. `author` holds the writer
    and the editor, where both are named.
    """
    zone = timezone(timedelta(minutes=article.offset_minutes))
    when = article.published.astimezone(zone) if article.published else None
    if when is None:
        published = None
    elif article.published_precision == "day":
        published = when.date().isoformat()
    else:
        published = when.isoformat(timespec="minutes")
    people = [article.author, article.editor]
    return {
        "path": path,
        "title": article.title,
        "published": published,
        "source": article.source,
        "author": "；".join(dict.fromkeys(name for name in people if name)),
        "text": article.text,
        "error": article.error,
    }
