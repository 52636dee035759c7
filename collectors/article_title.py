"""The title of an article, without the name of the site around it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from collectors.article_head import Head

_SEPARATOR = re.compile(
    r"\s*(?:[|｜]|--+|——|[_＿]|::|»|«|›|•|·\s|\s[-–—:~/]\s|\s[-–—]|[-–—]\s|-(?=[^\w]*[\u4e00-\u9fff]))\s*"
)
MAX_TITLE_CHARS = 500
_META_NAMES = ("articletitle", "og:title", "twitter:title", "dc.title", "headline", "title")


def fold(text: str) -> str:
    """A text for comparing: NFKC, lower case, letters and digits only."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).lower() if char.isalnum())


def choose_title(head: Head, headings: Iterable[str]) -> str:
    """The title: a heading that the head confirms, else the head's own title without the site."""
    stated = [head.meta[name] for name in _META_NAMES if head.meta.get(name)]
    if head.headline:
        stated.insert(0, head.headline)
    if head.title:
        stated.append(head.title)
    folded = [fold(text) for text in stated]
    for heading in headings:
        mine = fold(heading)
        if len(mine) >= 4 and any(_confirms(whole, mine) for whole in folded):
            return heading[:MAX_TITLE_CHARS]
    for text in stated:
        return without_site(text)[:MAX_TITLE_CHARS]
    return next(iter(headings), "")[:MAX_TITLE_CHARS]


def _confirms(whole: str, heading: str) -> bool:
    return heading in whole and (whole.startswith(heading) or len(heading) * 2 >= len(whole))


def without_site(title: str) -> str:
    """The longest leading part of a title; the parts after a separator name column and site."""
    parts = [part for part in _SEPARATOR.split(title) if part]
    if len(parts) < 2:
        return title
    return parts[0] if len(fold(parts[0])) >= 6 else max(parts, key=len)
