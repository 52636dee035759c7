"""Bytes to text: the first thing that happens to anything a stranger sends.

The order of trust: byte-order mark, escape-coded and UTF-16 shapes, valid UTF-8, nearly valid UTF-8
(a Chinese page with one bad byte stays UTF-8), the declared label, then a guess by letter
frequencies. A label is widened the way browsers do it (WHATWG Encoding): any GB label means
GB18030, because pages labelled `gb2312` hold characters that only GB18030 has.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from collectors.decode_guess import guess_encoding, is_more_ordinary

Kind = Literal["html", "xml", "text"]

REPLACEMENT = "\ufffd"
# How far into a document its own declaration may stand (HTML says 1,024; real portals exceed it).
DECLARATION_BYTES = 4_096

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# The label as sent → the codec that reads what such documents really hold.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "hz": "hz",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cp950": "cp950",
    "shift_jis": "cp932",
    "shift_jisx0213": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
}
_ALIASES = {
    "x-gbk": "gb18030",
    "gb-2312": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gb18030-2022": "gb18030",
    "chinese": "gb18030",
    "x-x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "windows-949": "cp949",
    "ks_c_5601-1987": "cp949",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-euc-jp": "euc_jp",
    "windows-874": "cp874",
    "unicode": "utf-16-le",
    "utf8mb4": "utf-8",
}
_TWO_BYTE = frozenset({"gb18030", "big5hkscs", "cp950", "cp932", "euc_jp", "cp949"})
# UTF-7 smuggles markup past filters; the others are Python's own and no document's.
_NEVER = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "mbcs"})
# Seven-bit codes: their bytes are valid UTF-8, so they must be believed before it.
_ESCAPE_CODED = ("iso2022", "hz")

_XML_ENCODING = re.compile(
    rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})["']""", re.IGNORECASE
)
_META_CHARSET = re.compile(
    rb"""<meta\b[^>]{0,400}?\bcharset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_LABEL = re.compile(r"[\w.:-]{1,40}")
# C0 controls except tab, line feed and carriage return; also DEL.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_BYTES = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text without C0 controls, the codec that gave it, and how many places could not be read."""

    text: str
    encoding: str
    replaced: int


def decode(body: bytes, declared: str | None = None, *, kind: Kind = "html") -> Decoded:
    """Return the text of `body`; never raises.

    `declared` is the HTTP charset or a whole Content-Type value. `kind` says where a declaration
    inside the document is looked for: a meta tag, an XML declaration, or nowhere. A byte that fits
    no character becomes U+FFFD and counts in `replaced`; the text around it is kept.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _read(body[len(mark) :], encoding)
    if (wide := _unmarked_utf16(body)) is not None:
        return _read(body, wide)
    if (coded := _escape_coded(body, declared, kind)) is not None:
        return _read(body, coded)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        return _decode_broken(body, fault.start, declared_codecs(body, declared, kind))
    return _checked_utf8(body, text, _declared_two_byte(body, declared, kind))


def _checked_utf8(body: bytes, text: str, two_byte: str | None) -> Decoded:
    """Return valid UTF-8 as it is, unless it is valid by accident or was encoded twice."""
    if two_byte is not None and not _FROM_THREE_BYTES.search(text):
        # A short GB text can be valid UTF-8 (联通): the more ordinary reading wins.
        if is_more_ordinary(body, two_byte, "utf-8"):
            return _read(body, two_byte)
    elif not is_plain_utf8(body):
        text = _encoded_once(text)
    if len(body.translate(None, _CONTROL_BYTES)) != len(body):  # a tenth of the regex's cost
        text = strip_controls(text)
    return Decoded(text=text, encoding="utf-8", replaced=0)


def strip_controls(text: str) -> str:
    """Return `text` without C0 controls (tab and line ends stay) and without DEL."""
    return _CONTROLS.sub("", text) if _CONTROLS.search(text) else text


def codec_for(label: str | None) -> str | None:
    """Return the codec that a charset label or Content-Type value stands for, or None."""
    if not label:
        return None
    found = _HEADER_CHARSET.search(label)
    name = found[1] if found else label.strip().strip("\"'")
    if not _LABEL.fullmatch(name):
        return None
    name = name.lower()
    if name in _ALIASES:
        return _ALIASES[name]
    try:
        # Refuses `base64`, `zip` and friends, which are codecs but not charsets.
        b"abcd".decode(name, "replace")
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    if codec in _NEVER:
        return None
    return _WIDER.get(codec, codec)


def declared_codecs(body: bytes, declared: str | None, kind: Kind) -> list[str]:
    """Return the codecs of the header's label and of the document's own, those that are known."""
    head = body[:DECLARATION_BYTES]
    inside = None
    if kind != "text":
        # Feeds are served as HTML and pages as XML often enough to look for both forms.
        order = (_XML_ENCODING, _META_CHARSET) if kind == "xml" else (_META_CHARSET, _XML_ENCODING)
        inside = order[0].search(head) or order[1].search(head)
    written = inside[1].decode("ascii", "replace") if inside else None
    return [codec for codec in (codec_for(declared), codec_for(written)) if codec is not None]


# Lead bytes of UTF-8 from U+0100 on: a text without any was perhaps encoded twice.
_BEYOND_LATIN = re.compile(rb"[\xc4-\xff]")


def is_plain_utf8(body: bytes) -> bool:
    """Return True where valid UTF-8 needs no second look: not encoded twice, not GB by accident."""
    return body.isascii() or _BEYOND_LATIN.search(body) is not None


def _encoded_once(text: str) -> str:
    """Undo UTF-8 that was taken for Latin-1 and encoded again (CataluÃ±a); leave other text."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _declared_two_byte(body: bytes, declared: str | None, kind: Kind) -> str | None:
    labels = declared_codecs(body, declared, kind) if not body.isascii() else []
    return labels[0] if labels and labels[0] in _TWO_BYTE else None


def _escape_coded(body: bytes, declared: str | None, kind: Kind) -> str | None:
    if b"\x1b" not in body and (b"~" not in body or b"~{" not in body):
        return None
    labels = declared_codecs(body, declared, kind)
    return next((label for label in labels if label.startswith(_ESCAPE_CODED)), None)


def _unmarked_utf16(body: bytes) -> str | None:
    head = body[:512]
    if b"\x00" not in head:
        return None
    if head[:2] == b"<\x00" or (len(head) > 16 and head[1::2].count(0) * 10 > len(head) * 4):
        return "utf-16-le"
    if head[:2] == b"\x00<" or (len(head) > 16 and head[::2].count(0) * 10 > len(head) * 4):
        return "utf-16-be"
    return None


# What is valid before the first bad byte and what follows it tell a UTF-8 page with a fault from
# another encoding, whose first bad byte comes early.
_BYTES_AFTER_FAULT = 2_048


def _decode_broken(body: bytes, fault: int, labels: list[str]) -> Decoded:
    """Choose for bytes that are not valid UTF-8 from `fault` on."""
    if _mostly_utf8(body[: fault + _BYTES_AFTER_FAULT], is_declared=set(labels) == {"utf-8"}):
        return _read(body, "utf-8")
    best: Decoded | None = None
    for label in labels:
        if label == "utf-8" or label.startswith(("utf-16", "utf-32")):
            continue
        attempt = _read(body, label)
        if attempt.replaced == 0:
            return attempt
        best = best or attempt
    guessed = _read(body, guess_encoding(body))
    # A wrong label shows itself: another codec reads what this one cannot.
    return best if best is not None and best.replaced <= guessed.replaced else guessed


def _mostly_utf8(start: bytes, *, is_declared: bool) -> bool:
    """Say whether faulty UTF-8 is UTF-8 all the same.

    A pair of GB bytes is valid UTF-8 one time in seven, and then always below U+0800: such letters
    prove little unless the document says UTF-8 and nothing else.
    """
    text = start.decode("utf-8", "replace")
    bad = text.count(REPLACEMENT)
    strong = len(_FROM_THREE_BYTES.findall(text)) - bad
    weak = len(text) - len(text.encode("ascii", "ignore")) - bad - strong
    return strong + weak > bad if is_declared else strong + weak / 4 > 2 * bad


_FROM_THREE_BYTES = re.compile("[\u0800-\U0010ffff]")


def _read(body: bytes, encoding: str) -> Decoded:
    attempts = [(body.decode(name, "replace"), name) for name in _siblings(encoding)]
    text, name = min(attempts, key=lambda attempt: attempt[0].count(REPLACEMENT))
    return Decoded(text=strip_controls(text), encoding=name, replaced=text.count(REPLACEMENT))


def _siblings(encoding: str) -> tuple[str, ...]:
    # Families that disagree on the rows above the standard; the one that fits is taken.
    if encoding in {"big5hkscs", "cp950"}:
        return ("big5hkscs", "cp950")
    return ("shift_jis", "cp932") if encoding == "cp932" else (encoding,)
