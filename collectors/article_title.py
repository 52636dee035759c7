"""The title of an article, without the name of the site around it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from collectors.article_head import Head
from collectors.article_page import weigh

MAX_TITLE_CHARS = 500
# A trailing part no heavier than this (twelve 汉字) may be a site or a column.
_SITE_WEIGHT = 26
_LEAST_TITLE_WEIGHT = 8
# A heading of this weight can stand as the title even where the head words it otherwise.
_LEAST_HEADING_WEIGHT = 16
_META_NAMES = ("articletitle", "og:title", "twitter:title", "dc.title", "headline")
_SEPARATOR = re.compile(
    r"\s*(?:[|｜ㅣ_＿]+|--+|——|::+|»|«|›|\s[-–—~/:•·]\s|\s[-–—]|[-–—]\s|-(?=[\w]*[\u4e00-\u9fff]))\s*"
)


def fold(text: str) -> str:
    """Return a text as compared: NFKC, lower case, letters and digits only."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).lower() if char.isalnum())


def choose_title(head: Head, headings: Sequence[str]) -> str:
    """Return the title: a heading the head confirms, else what the head states without the site.

    `headings` are the page's headings, the likeliest first.
    """
    stated = [head.meta[name] for name in _META_NAMES if head.meta.get(name)]
    stated += [text for text in (head.headline, head.title) if text]
    cores = [without_site(text, head) for text in stated]
    leads = [text[: end.start()] for text in stated for end in _SEPARATOR.finditer(text)]
    confirmed = _confirmed(headings, [fold(core) for core in cores], {fold(lead) for lead in leads})
    has_meta = len(stated) > bool(head.title)
    if has_meta and (not confirmed or _is_glued(confirmed, cores[0])):
        return cores[0][:MAX_TITLE_CHARS]
    if confirmed:
        return confirmed[:MAX_TITLE_CHARS]
    whole = fold(head.title)
    for heading in headings:
        is_site = whole.endswith(fold(heading)) or heading.count("_") > 1
        if weigh(heading) >= _LEAST_HEADING_WEIGHT and not is_site:
            return heading[:MAX_TITLE_CHARS]
    return (cores[0] if cores else next(iter(headings), ""))[:MAX_TITLE_CHARS]


def _confirmed(headings: Sequence[str], wholes: Sequence[str], leads: set[str]) -> str:
    """Return the first heading that a stated title begins with, or repeats for the greater part."""
    for heading in headings:
        mine = fold(heading)
        if len(mine) < 4:
            continue
        if mine in leads or any(_repeats(whole, mine) for whole in wholes):
            return heading
    return ""


def _is_glued(heading: str, core: str) -> bool:
    """Return whether a heading is the stated title without the signs after its kicker."""
    marks = sum(not char.isalnum() for char in heading.strip())
    return fold(heading) == fold(core) and marks < sum(not char.isalnum() for char in core.strip())


def _repeats(whole: str, heading: str) -> bool:
    return whole == heading or (heading in whole and len(heading) * 5 >= len(whole) * 3)


def site_in(title: str) -> str:
    """Return the last part of a stated title where it may be the name of the site, else ""."""
    ends = list(_SEPARATOR.finditer(title))
    last = title[ends[-1].end() :].strip() if ends else ""
    return last if 4 <= weigh(last) <= _SITE_WEIGHT else ""


def without_site(title: str, head: Head) -> str:
    """Return a title without the trailing parts that name column and site."""
    site = fold(head.meta.get("og:site_name", ""))
    ends = [(found.start(), found.end()) for found in _SEPARATOR.finditer(title)]
    core = title
    for start, end in reversed(ends):
        tail = core[end:].strip()
        rest = title[:start].strip()
        is_site = bool(tail) and fold(tail) == site
        is_short = weigh(tail) <= _SITE_WEIGHT and weigh(tail) <= weigh(rest)
        if weigh(rest) < _LEAST_TITLE_WEIGHT or not (is_site or is_short):
            break
        core = rest
    return core
