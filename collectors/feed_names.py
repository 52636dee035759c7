"""Which element of which vocabulary feeds which field of an entry: one table for all formats."""

from __future__ import annotations

from functools import lru_cache

# Namespace (small letters, no trailing slash or #) → the prefix used in keys. "" is RSS itself.
_NAMESPACES = {
    "http://purl.org/rss/1.0": "",
    "http://my.netscape.com/rdf/simple/0.9": "",
    "http://channel.netscape.com/rdf/simple/0.9": "",
    "http://my.netscape.com/publish/formats/rss-0.91.dtd": "",
    "http://backend.userland.com/rss": "",
    "http://backend.userland.com/rss2": "",
    "http://backend.userland.com/rss091": "",
    "http://backend.userland.com/rss092": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/net/rss1.1": "",
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/atom/ns": "atom",
    "http://www.purl.org/atom/ns": "atom",
    # The names the drafts of Atom went by; old archives still hold them.
    "http://example.com/newformat": "atom",
    "http://example.com/necho": "atom",
    "http://purl.org/echo": "atom",
    "uri/of/echo/namespace#": "atom",
    "http://purl.org/pie": "atom",
    "http://purl.org/dc/elements/1.0": "dc",
    "http://purl.org/dc/elements/1.1": "dc",
    "http://dublincore.org/documents/dcmi-namespace": "dc",
    "http://purl.org/dc/terms": "dcterms",
    "http://purl.org/rss/1.0/modules/content": "content",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://www.itunes.com/dtds/pluginchannel-1.0.dtd": "itunes",
    "http://example.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss": "media",
    "http://video.search.yahoo.com/mrss": "media",
    "http://www.google.com/schemas/play-podcasts/1.0": "googleplay",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns": "rdf",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://source.scripting.com": "source",
}
# What an undeclared prefix is taken for; the parser keeps it in the name.
_PREFIXES = frozenset(_NAMESPACES.values())

ITEM_KEYS = frozenset({"item", "atom:entry", "entry"})

# Which field an element feeds, best first. One name may feed two: dc:date is both times.
_FIELD_KEYS = {
    "title": "title atom:title dc:title media:title itunes:title",
    "link": "link atom:link",
    "id": "guid atom:id id dc:identifier",
    "author": "author atom:author dc:creator dc:author itunes:author googleplay:author"
    " media:credit",
    "editor": "managingeditor itunes:owner webmaster dc:publisher googleplay:owner",
    "published": "pubdate atom:published published atom:issued issued dcterms:issued dc:date"
    " dcterms:created atom:created created date dcterms:date",
    "updated": "atom:updated updated atom:modified modified dcterms:modified dc:date"
    " lastbuilddate dcterms:date",
    "summary": "description atom:summary summary dc:description dcterms:abstract abstract"
    " media:description itunes:summary googleplay:description itunes:subtitle",
    "content": "content:encoded atom:content content xhtml:body body fullitem source:markdown",
    "origin": "source atom:source dc:source dc:publisher",
    "attached": "enclosure media:content",
    "language": "language dc:language",
}
_FIELDS_OF_KEY: dict[str, list[tuple[str, int]]] = {}
for _field, _keys in _FIELD_KEYS.items():
    for _rank, _name in enumerate(_keys.split()):
        _FIELDS_OF_KEY.setdefault(_name, []).append((_field, _rank))


FieldRanks = tuple[tuple[str, int, bool], ...]


@lru_cache(maxsize=4_096)
def fields_of(tag: object) -> FieldRanks:
    """Return (field, rank, typed) for each field an element name feeds; rank 0 is the best source.

    `typed` elements are Atom's: their `type` attribute says what their text is.
    """
    key = key_of(tag)
    typed = key.startswith("atom:")
    return tuple((field, rank, typed) for field, rank in _FIELDS_OF_KEY.get(key, ()))


@lru_cache(maxsize=4_096)
def key_of(tag: object) -> str:
    """Return the key of an element name: "title", "dc:creator", "?name" in an unknown namespace."""
    name = str(tag)
    if name[0] != "{":
        prefix, colon, local = name.partition(":")
        if not colon:
            return name.lower()
        # The parser met a prefix nobody declared: believe the usual one.
        return f"{prefix.lower()}:{local.lower()}" if prefix.lower() in _PREFIXES else f"?{local}"
    uri, _, local = name[1:].partition("}")
    prefix = _NAMESPACES.get(uri.strip().lower().rstrip("/#"), "?")
    if prefix in {"", "?"}:
        return f"{prefix}{local}" if prefix else local.lower()
    return f"{prefix}:{local.lower()}"
