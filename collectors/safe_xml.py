"""XML from strangers: no DTD, no entities, no network; strict first, then around the faults."""

from __future__ import annotations

import codecs

from lxml import etree
from lxml.etree import _Element as Element

from collectors.decode import declared_codecs, is_plain_utf8
from collectors.feed_repair import (
    SURROGATE_REFERENCE,
    repair,
    without_doctype,
    without_surrogates,
)
from collectors.plain_text import one_line

_STRICT = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    remove_comments=True,
    remove_pis=True,
    collect_ids=False,
)


def well_formed(body: bytes, declared: str | None) -> Element | None:
    """Return the document element of an XML body that is plain in every way, else None.

    Plain: UTF-8, also by its label, without a DTD, without a fault. Nine feeds in ten are, and then
    the parser itself is the cheapest check there is. `declared` is the Content-Type.
    """
    body = body.removeprefix(codecs.BOM_UTF8).lstrip()
    if not body.startswith(b"<") or b"<!DOCTYPE" in body or b"<!doctype" in body:
        return None
    # Of ASCII alone every label tells the truth, but for HZ, which writes Chinese in it.
    labels = set(declared_codecs(body, declared, "xml")) - {"utf-8"}
    if not is_plain_utf8(body) or (labels and ("hz" in labels or not body.isascii())):
        return None
    if b"&#" in body and SURROGATE_REFERENCE.search(body):
        return None
    try:
        return etree.fromstring(body, _STRICT)
    except etree.XMLSyntaxError:
        return None


def read_xml(text: str) -> tuple[Element | None, str, str]:
    """Return the document element or None, the text it came from, and the fault read around.

    Nothing is fetched and no entity of the document's own is expanded, whatever it declares.
    """
    text = without_surrogates(without_doctype(text))
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), _STRICT), text, ""
    except etree.XMLSyntaxError:
        text = repair(text)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), _STRICT), text, ""
    except etree.XMLSyntaxError:
        pass
    root, damage = recover_xml(text)
    return root, text, damage


def recover_xml(text: str) -> tuple[Element | None, str]:
    """Read what can be read of `text`, and say where the first fault stands."""
    parser = etree.XMLParser(
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as problem:
        return None, one_line(str(problem))[:200]
    for entry in parser.error_log:
        if entry.level >= etree.ErrorLevels.ERROR and entry.type_name not in _HARMLESS:
            where = f"line {entry.line}, column {entry.column}"
            return root, f"{where}: {one_line(entry.message)[:120]}"
    return root, ""


_HARMLESS = frozenset({"NS_ERR_UNDEFINED_NAMESPACE"})
