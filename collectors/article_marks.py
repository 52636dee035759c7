"""Facts in elements whose class, id or itemprop names them: the author's name, the time."""

from __future__ import annotations

import re

from collectors.article_page import Mark, Page, clean_text, weigh
from collectors.article_words import LABEL, NOT_SOURCE

_BESIDE_AUTHOR = re.compile(
    r"comment|form|avatar|image|img|photo|social|twitter|facebook|bio|desc|email|related|teaser|card__|prep",
    re.IGNORECASE,
)
_BY = re.compile(
    r"^[\s|•·–—~-]*(?:(?i:(?:written |posted |published |article )?by|von|par|por|di|af|av|door"
    r"|veröffentlicht von|geschrieben von|author|autore?|auteur|text|redaktion)(?=[\s:A-Z])"
    r"|作者|文[/／:：]|記者|记者)[\s:：/／]*"
)
_AFTER_NAME = re.compile(
    r"\s*(?:[|•·–—/,:@(\n]|\s-\s|\b(?:am|on|at|um|le|el|vom|updated|published|posted|follow"
    r"|contributor|reporter|staff writer)\b|\d).*$",
    re.IGNORECASE | re.DOTALL,
)
_NOT_NAME = re.compile(
    r"[发發][布佈](?:时间|時間|日期|于|於)|\s(?:关注|關注)|简介|举报|https?:|总篇数|discuz"
    r"|^(?:未知|佚名|匿名|admin|系统管理员|管理员)$",
    re.IGNORECASE,
)
_SOURCE_LABEL = re.compile(r"^(?:来\s?源|來\s?源|source)\s*[:：]?\s*", re.IGNORECASE)
_MAX_DATE_CHARS = 60
_NEAR_BEFORE = 14
_NEAR_AFTER = 4


def marked_author(page: Page, start: int, end: int) -> str:
    """Return the name in the marked element nearest to the text, or an empty string."""
    near = [mark for mark in page.marks if mark.kind == "author" and _is_near(mark, start, end)]
    for mark in near:
        hint = f"{mark.element.get('class') or ''} {mark.element.get('id') or ''}"
        if _BESIDE_AUTHOR.search(hint) or mark.element.tag == "body":
            continue
        if name := author_name(mark.text()):
            return name
    return ""


def _is_near(mark: Mark, start: int, end: int) -> bool:
    return (
        start - _NEAR_BEFORE <= mark.block <= start + 2
        or end - 1 <= mark.block <= end + _NEAR_AFTER
    )


def author_name(text: str) -> str:
    """Return the name in a byline, without 'by' before it and time or title after it."""
    return stated_name(_AFTER_NAME.sub("", _BY.sub("", clean_text(text), count=1)))


def stated_name(text: str) -> str:
    """Return a name that a page states, or an empty string for an address, a number, a sentence."""
    name = text.strip(" ,;:.|–—-[]")
    if label := LABEL.search(name) or _NOT_NAME.search(name):
        name = name[: label.start()].strip()
    if "@" in name or not 2 <= weigh(name) <= 60 or len(name.split()) > 6 or name.isdigit():
        return ""
    return name


def marked_source(page: Page, top: int, start: int) -> str:
    """Return the text of an element named as the source, from title to text, or an empty string."""
    for mark in page.marks:
        if mark.kind == "source" and top - 3 <= mark.block <= start + 2:
            text = _SOURCE_LABEL.sub("", mark.text()).strip()
            if 2 <= weigh(text) <= 40 and not NOT_SOURCE.search(text):
                return text
    return ""


def marked_dates(page: Page, top: int, start: int) -> list[str]:
    """Return the texts and datetime attributes of elements marked as a time, from title to text."""
    found: list[str] = []
    for mark in page.marks:
        if mark.kind != "date" or not top - 3 <= mark.block <= start + 2:
            continue
        element = mark.element
        found += [element.get(name) or "" for name in ("datetime", "content", "title")]
        found.append(text if len(text := mark.text()) < _MAX_DATE_CHARS else "")
    return [text for text in found if text][:8]
