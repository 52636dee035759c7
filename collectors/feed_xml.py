"""RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0 and CDF to entries, through one table of names.

An item's children are gathered by the field they feed (`feed_names`), and each field is taken from
its best source. Formats differ in names, not in shape, so one reader serves them all, and feeds
that mix formats (most do) need no special case.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime, tzinfo
from typing import NamedTuple
from urllib.parse import urljoin

from lxml import etree
from lxml.etree import _Element as Element

from collectors.dates import ParsedDate, parse_date
from collectors.feed_names import ITEM_KEYS, fields_of, key_of
from collectors.feed_records import FeedEntry
from collectors.plain_text import (
    LONGEST_TITLE_CHARS,
    clean,
    html_to_text,
    one_line,
    plain_title,
    title_from,
    word_set,
)
from collectors.sanitise import Fragment, Sanitiser, escape_text, web_url

# What feeds each field: rank (0 is the best source), own text, element, whether Atom types it.
Source = tuple[int, str, Element, bool]
Fields = dict[str, list[Source]]

LONGEST_ID_CHARS = 2_000
MOST_BASES = 8  # nested xml:base; more is an attack on the clock
MOST_SOURCES = 50  # of one field in one entry; no honest feed comes near
LONGEST_AUTHOR_CHARS = 500
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MEDIA_DESCRIPTION = "{http://search.yahoo.com/mrss/}description"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


class ReadingContext(NamedTuple):
    """What holds for every entry of one feed.

    `base` resolves links inside fragments, `page` those of entries.
    """

    now: datetime
    zone: tzinfo
    base: str
    has_xml_base: bool
    sanitiser: Sanitiser
    nothing: Fragment
    page: str
    feed_author: str


def gather(parent: Element) -> Fields:
    """Return the children of `parent` by the field they feed, in document order."""
    fields: Fields = {}
    for child in parent:
        uses = fields_of(child.tag)
        if uses:
            text = child.text or ""
            for field, rank, typed in uses:
                if field in fields:
                    fields[field].append((rank, text, child, typed))
                else:
                    fields[field] = [(rank, text, child, typed)]
    return fields


def item_elements(root: Element) -> list[Element]:
    """Return every item or entry of the document, wherever it stands."""
    found = [
        element for element in root.iter("{*}item", "{*}entry") if key_of(element.tag) in ITEM_KEYS
    ]
    # CDF, and feeds that shout: <ITEM>.
    return found or list(root.iter("{*}ITEM", "{*}Item", "{*}ENTRY", "{*}Entry"))


def channel_element(root: Element) -> Element:
    """Return the element whose children describe the feed."""
    if key_of(root.tag) in {"atom:feed", "feed"}:
        return root
    for child in root.iter():
        if key_of(child.tag) in {"channel", "atom:feed", "feed"}:
            return child
    return root


def feed_kind(root: Element) -> str:
    """Return "rss", "atom", "rdf", "cdf" or "" for a document that is no feed."""
    key = key_of(root.tag)
    if key in {"atom:feed", "feed", "atom:entry"}:
        return "atom"
    if key in {"rdf:rdf", "rdf"}:
        return "rdf"
    if key == "channel":
        return "cdf" if root.tag.isupper() else "rss"
    return "rss" if key in {"rss", "item"} else ""


def feed_language(root: Element, channel: Fields) -> str:
    """Return the feed's own language tag in small letters, "" without one."""
    source = best_of(channel, "language")
    tag = source[1] if source is not None else (root.get(_XML_LANG) or "")
    return tag.strip().lower()[:35]


# --- texts -----------------------------------------------------------------------------------


def _by_rank(source: Source) -> int:
    return source[0]


def best_of(fields: Fields, field: str) -> Source | None:
    """Return the best source of a field that holds anything, None without one."""
    sources = fields.get(field)
    if sources is None:
        return None
    if len(sources) > 1:
        sources.sort(key=_by_rank)
    for source in sources:
        if (source[1] and not source[1].isspace()) or len(source[2]):
            return source
    return None


def _inner_markup(text: str, element: Element) -> str:
    """Return an element's text; child elements are written out as markup."""
    if not len(element):
        return text
    parts = [escape_text(text)]
    parts.extend(etree.tostring(child, encoding="unicode") for child in element)
    return "".join(parts)


def _text_and_form(source: Source) -> tuple[str, bool]:
    """Return a source's content and whether it is markup (else plain text)."""
    _, text, element, typed = source
    if len(element):
        return _inner_markup(text, element), True
    if not typed:
        return text, True
    kind = (element.get("type") or "").strip().lower()
    mode = (element.get("mode") or "").lower()
    # Atom 1.0 §4.1.3.3: media that is neither text nor XML stands there in base64.
    if mode == "base64" or _BINARY_TYPE.fullmatch(kind):
        return _from_base64(text), True
    return text, not kind or "html" in kind or kind.endswith("xml") or mode == "escaped"


_BINARY_TYPE = re.compile(r"application/octet-stream|(?:image|audio|video)/[\w.+-]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{4,}={0,2}\s*")


def _from_base64(text: str) -> str:
    if not _BASE64.fullmatch(text):
        return text
    try:
        # Cleaned here: what `is_clean` saw of the document was the coded form.
        return clean(base64.b64decode(text, validate=False).decode("utf-8"))
    except (binascii.Error, ValueError):
        return text


def fragment(source: Source | None, context: ReadingContext) -> Fragment:
    """Return a source's content as HTML yet to be made safe, empty without one."""
    if source is None:
        return context.nothing
    text, is_markup = _text_and_form(source)
    if not is_markup:
        return Fragment(escape_text(text), context.sanitiser)
    if context.has_xml_base and "<" in text:
        return Fragment(text, Sanitiser(_base_of(source[2], context.base)))
    return Fragment(text, context.sanitiser)


def title_text(source: Source | None) -> str:
    """Return a source's content as one plain line."""
    if source is None:
        return ""
    _, text, element, typed = source
    text = text.strip()
    # Nothing unseen, reordering or spaced oddly is printable: most titles are done here.
    usual = text.isprintable() and "<" not in text and "&" not in text
    if usual and not (typed and element.attrib) and not len(element):
        return (_SPACES.sub(" ", text) if "  " in text else text)[:LONGEST_TITLE_CHARS]
    if len(element):
        return plain_title(html_to_text(_inner_markup(text, element)))
    return plain_title(_text_and_form(source)[0])


_SPACES = re.compile("  +")


def _base_of(element: Element, base: str) -> str:
    """Return `base` joined with the xml:base of the element and its ancestors, outermost first."""
    stated = [step.get(_XML_BASE) for step in (element, *element.iterancestors())]
    for part in reversed([part for part in stated if part][:MOST_BASES]):
        try:
            base = urljoin(base, part.strip())
        except ValueError:
            continue
    return base


# --- links -----------------------------------------------------------------------------------

_NOT_A_PAGE = 9
_OTHER_RELATIONS = word_set(
    "self edit next prev previous first last hub replies enclosure license service.post"
    " service.edit service.feed search related via icon stylesheet next-archive prev-archive"
    " current payment"
)


def link_of(fields: Fields, base: str, *, has_xml_base: bool) -> str:
    """Return the page the feed or entry is about, "" without one."""
    best, best_rank = "", _NOT_A_PAGE
    for source in fields.get("link", ())[:MOST_SOURCES]:
        _, text, element, typed = source
        plain = text.strip() if not typed else ""
        rank, address = (1, plain) if plain else _ranked_link(element)
        if address and rank < best_rank:
            url = web_url(address, _base_of(element, base) if has_xml_base else base)
            if url:
                best, best_rank = url, rank
    return best


def _ranked_link(element: Element) -> tuple[int, str]:
    """Return (0 best … 9 not a page, address)."""
    href = element.get("href") or element.get("HREF") or (element.text or "").strip()
    rel = (element.get("rel") or "alternate").strip().lower()
    kind = (element.get("type") or "").lower()
    if rel.rpartition("/")[2] == "alternate":
        if not kind or "html" in kind:
            return 0 if key_of(element.tag) == "link" else 2, href
        return 3, href
    return (_NOT_A_PAGE if rel in _OTHER_RELATIONS else 5), href


def _other_link(item: Element, fields: Fields, context: ReadingContext) -> str:
    """Return the best address of an item without a link: its guid, its RDF name, an attachment."""
    for _, text, element, typed in fields.get("id", ()):
        permanent = (element.get("isPermaLink") or element.get("ispermalink") or "true").lower()
        named = typed or (key_of(element.tag) == "guid" and permanent != "false")
        if named and text.strip().startswith(("http://", "https://")):
            return web_url(text)
    if address := item.get("HREF") or item.get(_RDF_ABOUT):
        return web_url(address, context.base)
    for _, _, element, _ in fields.get("attached", ()):
        if address := (element.get("url") or "").strip():
            return web_url(address, context.base)
    return ""


# --- people ----------------------------------------------------------------------------------

_MAIL_AND_NAME = re.compile(r"\s*([^\s()<>@]+@[^\s()<>@]+)\s*\(([^()]+)\)\s*")


def author_of(fields: Fields) -> str:
    """Return the names of the best source that has any, joined by ", "."""
    sources = fields.get("author")
    if sources is None:
        return ""
    names: list[str] = []
    best_rank = -1
    for rank, text, element, _ in sorted(sources, key=_by_rank)[:MOST_SOURCES]:
        if names and rank != best_rank:
            break
        if name := _person(text, element):
            names.append(name)
            best_rank = rank
    return ", ".join(dict.fromkeys(names))[:LONGEST_AUTHOR_CHARS]


def feed_author_of(channel: Fields) -> str:
    """Return who writes the feed: its author, else its editor, owner or web master."""
    named = author_of(channel)
    if named or "editor" not in channel:
        return named
    return author_of({"author": channel["editor"]})


def _person(text: str, element: Element) -> str:
    if not len(element):
        text = plain_title(text)
        found = _MAIL_AND_NAME.fullmatch(text) if "(" in text else None
        return one_line(found[2]) if found else text
    parts: dict[str, str] = {}
    for child in element:
        local = key_of(child.tag).rpartition(":")[2].lstrip("?").lower()
        if child.text and not child.text.isspace():
            parts.setdefault(local, plain_title(child.text))
    named = parts.get("name") or parts.get("email") or ""
    return named or plain_title(html_to_text(_inner_markup(text, element)))


def origin_of(fields: Fields) -> str:
    """Return the publication an entry names as its source, "" without one.

    Atom puts a whole feed's head there; Dublin Core's source is often a bare address, and no name.
    """
    for source in sorted(fields.get("origin", ()), key=_by_rank)[:MOST_SOURCES]:
        named = best_of(gather(source[2]), "title") if len(source[2]) else source
        name = title_text(named)[:LONGEST_AUTHOR_CHARS]
        if name and not name.startswith(("http://", "https://", "urn:")):
            return name
    return ""


# --- entries ---------------------------------------------------------------------------------


def read_entry(item: Element, context: ReadingContext) -> FeedEntry:
    """Return one item as an entry; never raises for anything a document can hold."""
    fields = gather(item)
    summary = fragment(best_of(fields, "summary"), context)
    content = fragment(best_of(fields, "content"), context)
    if not summary.markup and not content.markup:
        summary = _grouped_summary(item, context)
    published, published_flag = _time(fields, "published", context)
    updated, updated_flag = _time(fields, "updated", context)
    if item.tag == "ITEM" and (stamp := item.get("LASTMOD")):  # CDF writes it as an attribute
        updated = parse_date(stamp, context.now, zone=context.zone).value
    link = link_of(fields, context.page, has_xml_base=context.has_xml_base) or _other_link(
        item, fields, context
    )
    title = title_text(best_of(fields, "title"))
    return FeedEntry(
        title=title or title_from(summary.markup or content.markup) or link[:LONGEST_TITLE_CHARS],
        link=link,
        id=_identity(item, fields, context) or link,
        author=author_of(fields) or context.feed_author,
        published=published,
        updated=updated,
        summary_source=summary,
        content_source=content,
        date_flags=published_flag + updated_flag,
        origin=origin_of(fields) if "origin" in fields else "",
    )


def _grouped_summary(item: Element, context: ReadingContext) -> Fragment:
    """Return the description inside a media:group, where video sites put it."""
    for element in item.iter(_MEDIA_DESCRIPTION):
        return fragment((0, element.text or "", element, False), context)
    return context.nothing


def _identity(item: Element, fields: Fields, context: ReadingContext) -> str:
    source = best_of(fields, "id")
    if source is None:
        return one_line(item.get(_RDF_ABOUT) or "")[:LONGEST_ID_CHARS]
    _, text, element, typed = source
    text = one_line(_inner_markup(text, element))[:LONGEST_ID_CHARS]
    if typed and text.startswith("/"):
        return web_url(text, _base_of(element, context.base)) or text
    return text


def _time(
    fields: Fields, field: str, context: ReadingContext
) -> tuple[datetime | None, tuple[str, ...]]:
    """Return the first readable time among the sources of a field, and what is doubtful of it."""
    sources = fields.get(field)
    if sources is None:
        return None, ()
    if len(sources) > 1:
        # Of two times of one name the later written holds: feeds append, they do not correct.
        sources = sources[::-1]
        sources.sort(key=_by_rank)
    worst: ParsedDate | None = None
    for _, text, _, _ in sources[:MOST_SOURCES]:
        found = parse_date(text, context.now, zone=context.zone)
        if found.value is not None:
            return found.value, ((f"{field}:{found.flag}",) if found.flag else ())
        if worst is None or worst.flag == "missing":
            worst = found
    if worst is None or worst.flag == "missing":
        return None, ()
    return None, (f"{field}:{worst.flag}",)
