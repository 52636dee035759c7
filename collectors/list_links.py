"""The news links of a list page, and the address of its next page.

Without a selector the main list is found by its shape: many links of the same form (same tags and
classes above them), long titles, a date beside each. Never raises for a bad page; a selector that
is no CSS raises ValueError, for it is a mistake in the settings.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urldefrag, urlsplit

from bs4 import BeautifulSoup, Tag
from lxml import etree
from soupsieve import SelectorSyntaxError
from soupsieve import compile as compile_selector

from collectors.article_head import web_address
from collectors.article_page import clean_text, parse_tree, read_hint, weigh

MAX_LINKS = 1_000
_LEAST_TITLE_WEIGHT = 12
# A link with a date beside it is news at four 汉字: 停水通知.
_LEAST_DATED_WEIGHT = 8
_TITLE_COUNTS_TO = 40
_A_DATE_COUNTS = 4.0
_CARD_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "strong", "b")
_AT_THE_SIDE = re.compile(r"right|side|hot|rank|tuijian|remen", re.IGNORECASE)
_LEAST_LINKS = 3
_MAX_TITLE_CHARS = 500
_MAX_ITEM_CHARS = 600
_MAX_ITEM_ELEMENTS = 60
_LEVELS_OF_FORM = 4
_LIST_TAGS = frozenset({"ul", "ol", "body", "table", "tbody"})
_LIST_DATE = re.compile(
    r"(?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?"
    r"|(?<![\d-])\d{1,2}\s?[-/月.]\s?\d{1,2}日?\s+\d{1,2}:\d{2}|(?<![\d./-])[01]?\d[-/月][0-3]?\d日?(?![\d./-])"
    r"|\d{1,3}\s?(?:秒|分钟|分鐘|小时|小時|天)前|刚刚|剛剛|(?:昨天|前天|今天)(?:\s?\d{1,2}:\d{2})?"
    r"|\b[A-Z][a-z]{2,8}\.? \d{1,2}, (?:19|20)\d{2}\b|\b\d{1,2} [A-Z][a-z]{2,8}\.? (?:19|20)\d{2}\b"
)
_NOT_ARTICLE = re.compile(r"^(?:javascript|mailto|tel|data|#)", re.IGNORECASE)
_NEXT_TEXT = re.compile(
    r"^[\s\[【(（]*(?:下一?[页頁]|[后後]一?[页頁]|次へ|next(?: page)?"
    r"|older(?: posts| entries)?|suivant|weiter|다음)[\s\]】)）>›»→]*$|^[>›»]$",
    re.IGNORECASE,
)
# TRS and its relatives write paging by script: createPageHTML(pages, current, "index", "html").
_SCRIPT_PAGING = re.compile(
    r"createPageHTML\w*\(\s*(?:['\"][^'\"]*['\"]\s*,\s*)?(\d{1,5})\s*,\s*(\d{1,5})\s*,"
    r"\s*['\"]([\w.-]{1,60})['\"]\s*,\s*['\"](\w{1,6})['\"]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLink:
    """One entry of a list page; `date_text` is the date as written beside it, or empty."""

    url: str
    title: str
    date_text: str


@dataclass(slots=True)
class _Candidate:
    link: ListLink
    form: str
    trust: float


def check_selector(selector: str) -> str | None:
    """Return what is wrong with a CSS selector in one line, or None."""
    try:
        compile_selector(selector)
    except (SelectorSyntaxError, ValueError, NotImplementedError) as fault:
        return str(fault).splitlines()[0]
    return None


def find_links(html: str, url: str, selector: str | None = None) -> tuple[ListLink, ...]:
    """Return the entries of a list page in reading order, each address once, 1,000 at most.

    `selector` names the links or the items that hold them; without it the main list is detected.
    """
    if selector and (wrong := check_selector(selector)):
        raise ValueError(f"selector {selector!r}: {wrong}")
    tree = parse_tree(html)
    if tree is None:
        return ()
    base = _base(tree, url)
    return _selected(tree, base, selector) if selector else _detected(tree, base)


def next_page(html: str, url: str) -> str | None:
    """Return the address of the next page of a list, or None on the last."""
    tree = parse_tree(html)
    if tree is None:
        return None
    base = _base(tree, url)
    for element in tree.iter("a", "link"):
        is_next = "next" in (element.get("rel") or "").lower().split()
        if is_next or (element.tag == "a" and _NEXT_TEXT.match(_text(element)[:30])):
            found = _address(element.get("href"), base)
            if found and found != urldefrag(url)[0]:
                return found
    return _scripted_next(html, base)


def _scripted_next(html: str, base: str) -> str | None:
    found = _SCRIPT_PAGING.search(html)
    if found is None or int(found[2]) + 1 >= int(found[1]):
        return None
    return web_address(f"{found[3]}_{int(found[2]) + 1}.{found[4]}", base)


def _base(tree: etree._Element, url: str) -> str:
    for element in tree.iter("base"):
        if found := web_address(element.get("href"), url):
            return found
    return url


def _address(href: str | None, base: str) -> str | None:
    if not href or _NOT_ARTICLE.match(href.strip()):
        return None
    found = web_address(href, base)
    return urldefrag(found)[0] if found else None


def _text(element: etree._Element) -> str:
    """Return the visible text of a small element, its first 1,200 characters or so."""
    parts: list[str] = []
    length = 0
    for part in islice(element.itertext(), 200):
        parts.append(str(part[:_MAX_ITEM_CHARS]))
        length += len(part)
        if length > 2 * _MAX_ITEM_CHARS:
            break
    return clean_text("".join(parts))


def _title(shown: str, stated: str) -> str:
    """Return the title of a link: its title attribute where the shown text is cut short."""
    shown, stated = clean_text(shown), clean_text(stated)
    cut = shown.rstrip("….")
    if stated and (not shown or (cut != shown and stated.startswith(cut))):
        return stated[:_MAX_TITLE_CHARS]
    return shown[:_MAX_TITLE_CHARS]


# Links by selector -----------------------------------------------------------


def _selected(tree: etree._Element, base: str, selector: str) -> tuple[ListLink, ...]:
    # The tree is already cut in size and depth, so that BeautifulSoup has no hostile page to read.
    soup = BeautifulSoup(etree.tostring(tree, encoding="unicode", method="html"), "lxml")
    found = (_from_item(item, base) for item in soup.select(selector, limit=MAX_LINKS * 2))
    return _once(link for link in found if link)


def _from_item(item: Tag, base: str) -> ListLink | None:
    anchors = [item] if item.name == "a" else item.find_all("a", href=True)
    best: ListLink | None = None
    around = item.parent if item.name == "a" and item.parent is not None else item
    for anchor in anchors:
        address = _address(_string(anchor.get("href")), base)
        title = _title(anchor.get_text(" "), _string(anchor.get("title")))
        if address and title and (best is None or weigh(title) > weigh(best.title)):
            beside = clean_text(around.get_text(" "))[:_MAX_ITEM_CHARS].replace(title, " ", 1)
            best = ListLink(url=address, title=title, date_text=_date_in(beside))
    return best


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _date_in(text: str) -> str:
    found = _LIST_DATE.search(text)
    return found.group().strip() if found else ""


def _once(links: Iterator[ListLink]) -> tuple[ListLink, ...]:
    """Return the links with each address once: the first, with the longer of its titles."""
    found: dict[str, ListLink] = {}
    for link in links:
        before = found.get(link.url)
        if before is None or weigh(link.title) > weigh(before.title):
            found[link.url] = link
    return tuple(found.values())[:MAX_LINKS]


# Links by shape --------------------------------------------------------------


def _detected(tree: etree._Element, base: str) -> tuple[ListLink, ...]:
    groups: dict[str, list[_Candidate]] = defaultdict(list)
    for candidate in _candidates(tree, base):
        groups[candidate.form].append(candidate)
    best = max(groups.values(), key=_worth, default=[])
    if len({candidate.link.url for candidate in best}) < _LEAST_LINKS:
        return ()
    return _once(candidate.link for candidate in best)


def _worth(group: list[_Candidate]) -> float:
    """Return what speaks for a group being the news list: long titles, dates, own host, no menu."""
    total = 0.0
    seen: set[str] = set()
    for candidate in group:
        link = candidate.link
        if link.url not in seen:
            seen.add(link.url)
            dated = _A_DATE_COUNTS if link.date_text else 1.0
            total += min(weigh(link.title), _TITLE_COUNTS_TO) * dated * candidate.trust
    return total


def _candidates(tree: etree._Element, base: str) -> Iterator[_Candidate]:
    host, seen = urlsplit(base).netloc, 0
    for anchor in tree.iter("a"):
        address = _address(anchor.get("href"), base)
        if address is None or address == base:
            continue
        shown = _text(anchor)
        title = _title(_heading_in(anchor) or shown, anchor.get("title") or "")
        if weigh(title) < _LEAST_DATED_WEIGHT:
            continue
        seen += 1
        if seen > MAX_LINKS * 5:
            return
        date_text = _date_in(_beside(anchor, shown)) or _date_in(shown.replace(title, " ", 1))
        if not date_text and weigh(title) < _LEAST_TITLE_WEIGHT:
            continue
        form, trust = _form(anchor)
        trust *= 1.0 if urlsplit(address).netloc == host else 0.5
        link = ListLink(url=address, title=title, date_text=date_text)
        yield _Candidate(link, form, trust)


def _heading_in(anchor: etree._Element) -> str:
    """Return the heading of a card that is one link as a whole, else an empty string."""
    headings = (_text(element) for element in islice(anchor.iter(*_CARD_HEADINGS), 3))
    return next((text for text in headings if weigh(text) >= _LEAST_DATED_WEIGHT), "")


def _form(anchor: etree._Element) -> tuple[str, float]:
    """Return the tags and classes above a link, and how far they can be the news list."""
    parts, trust = [anchor.get("class") or ""], 1.0
    for level, element in enumerate(anchor.iterancestors()):
        if element.tag == "body" or level >= _LEVELS_OF_FORM * 2:
            break
        hint = f"{element.get('class') or ''} {element.get('id') or ''}"
        if element.tag in ("nav", "footer", "aside") or read_hint(hint)[0]:
            trust = min(trust, 0.15)
        elif _AT_THE_SIDE.search(hint):
            trust = min(trust, 0.5)
        if level < _LEVELS_OF_FORM:
            parts.append(f"{element.tag}.{_stem(element.get('class') or '')}")
    return "/".join(parts), trust


def _stem(name: str) -> str:
    """Return a class without the numbers and states that differ between the items of one list."""
    first = name.split(" ", maxsplit=1)[0]
    return re.sub(r"\d+|[-_]?(?:first|last|odd|even|active|on|cur|current)$", "", first)


def _beside(anchor: etree._Element, title: str) -> str:
    """Return the text of the item around a link: the largest element with no other long link."""
    item = anchor
    for element in islice(anchor.iterancestors(), _LEVELS_OF_FORM + 2):
        if element.tag in _LIST_TAGS or _holds_another(element, anchor):
            break
        item = element
    beside = _text(item).replace(title, " ", 1) if item is not anchor else ""
    following = item.getnext()
    if not _date_in(beside) and following is not None and not _holds_another(following, anchor):
        beside += f" {_text(following)}"  # a definition list: <dt> the link, <dd> its date
    return beside[: 2 * _MAX_ITEM_CHARS]


def _holds_another(element: etree._Element, anchor: etree._Element) -> bool:
    href = anchor.get("href")
    for count, other in enumerate(element.iter()):
        if count > _MAX_ITEM_ELEMENTS:
            return True
        is_other = other.tag == "a" and other is not anchor and other.get("href") != href
        if is_other and weigh(_text(other)) >= _LEAST_TITLE_WEIGHT:
            return True
    return False
