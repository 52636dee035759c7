"""Mail as citizens send it: MIME in any Chinese charset, alone or in an mbox.

`parse_mail` never raises: what cannot be read is left out and the rest is given. Attachments are
named, never opened. Who wrote goes into `author_raw` alone, for the caller's keyed hash.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from itertools import islice
from pathlib import Path
from typing import Final

from collectors.dates import SHANGHAI, parse_date
from collectors.decode import decode
from collectors.plain_text import clean, html_to_text, one_line
from collectors.tables import RowProblem, TableError
from models.records import Entry

MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024
MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_TEXT_CHARACTERS: Final = 100_000
MAX_SUBJECT_CHARACTERS: Final = 500
MAX_PARTS: Final = 200
MAX_DEPTH: Final = 20
MAX_ATTACHMENTS: Final = 50

# RFC 2047. Real mailers break its rules: blanks inside, and characters cut over two words.
ENCODED_WORD = re.compile(r"=\?([\w.:-]{1,40})(?:\*[^?]{0,40})?\?([bq])\?([^?]*)\?=", re.IGNORECASE)
BETWEEN_WORDS = re.compile(r"(\?=)\s+(=\?[\w.:-]{1,40}(?:\*[^?]{0,40})?\?[bq]\?)", re.IGNORECASE)
ADDRESS = re.compile(r"[^\s<>\"',;:()]{1,200}@[^\s<>\"',;:()]{1,200}")
MBOX_START = re.compile(rb"From \S+\s.*\d\d:\d\d.*\d{4}")
QUOTED_START = re.compile(rb">+From ")
# From here on a reply repeats what it answers; the words are those of common Chinese mailers.
HISTORY = re.compile(
    r"^[ \t>]*(?:-{2,}[ \t]*(?:原始邮件|原始郵件|原邮件|转发邮件|回复的原邮件|Original Message"
    r"|Forwarded message)[ \t]*-*"
    r"|在[ \t]?.{4,60}写道[:：]|于[ \t]?.{4,60}写道[:：]|On .{6,120} wrote:)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message. `sent` is aware UTC or None with the reason in `date_flag`.

    `message_id` is a hash of the message where it has none. `text` is plain, without what a
    reply repeats below itself.
    """

    message_id: str
    subject: str
    text: str
    sent: datetime | None
    date_flag: str
    attachments: tuple[str, ...] = ()
    author_raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMail:
    """One message of an mbox as its bytes; `number` counts from 1."""

    number: int
    raw: bytes


def mail_entry(mail: Mail, source: str) -> Entry:
    """Return the entry of one message; the names of attachments stand below its text."""
    listed = f"附件：{'、'.join(mail.attachments)}" if mail.attachments else ""
    return Entry(
        source=source,
        external_id=mail.message_id,
        title=mail.subject,
        text="\n".join(filter(None, (mail.text, listed))),
        published=mail.sent,
        date_flag=mail.date_flag,
        author=mail.author_raw,
        attachments=mail.attachments,
    )


def read_mails(path: Path, now: datetime) -> Iterator[Mail | RowProblem]:
    """Yield the messages of an mbox, or the one of an .eml file; TableError where unreadable."""
    for found in read_mbox(path):
        yield found if isinstance(found, RowProblem) else parse_mail(found.raw, now)


def read_mbox(path: Path) -> Iterator[RawMail | RowProblem]:
    """Yield the messages of a file one by one; a message over 32 MiB is a RowProblem."""
    try:
        with path.open("rb") as file:
            number = 0
            for raw in _split(file):
                number += 1
                if len(raw) <= MAX_MESSAGE_BYTES:
                    yield RawMail(number=number, raw=raw)
                    continue
                reason = f"a message over {MAX_MESSAGE_BYTES >> 20} MiB"
                yield RowProblem(file=path.name, sheet="", row=number, reason=reason)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    if not number:
        raise TableError(f"{path}: no message in it")


def _split(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the messages between "From " lines, cut one byte above the bound."""
    kept: list[bytes] = []
    size, blank, started = 0, True, False
    for line in lines:
        if blank and MBOX_START.match(line):
            if started:
                yield b"".join(kept)
            kept, size, started = [], 0, True
        elif started or line.strip():
            started = True
            if size <= MAX_MESSAGE_BYTES:
                kept.append(line[1:] if QUOTED_START.match(line) else line)
                size += len(line)
        blank = not line.strip()
    if started:
        yield b"".join(kept)


def parse_mail(raw: bytes, now: datetime) -> Mail:
    """Return what a message says; never raises."""
    try:
        message = BytesParser(policy=compat32).parsebytes(raw)
    except (RecursionError, ValueError, LookupError):  # nested or damaged beyond the parser
        message = BytesParser(policy=compat32).parsebytes(raw, headersonly=True)
    parts = list(islice(_leaves(message), MAX_PARTS))
    sent = parse_date(_header(message, "Date"), now, zone=SHANGHAI)
    return Mail(
        message_id=_message_id(message, raw),
        subject=one_line(_header(message, "Subject"))[:MAX_SUBJECT_CHARACTERS],
        text=_text(parts),
        sent=sent.value,
        date_flag=sent.flag,
        attachments=tuple(name for part in parts if (name := attachment_name(part)))[
            :MAX_ATTACHMENTS
        ],
        author_raw=_author(message),
    )


def _leaves(message: Message, depth: int = 0) -> Iterator[Message]:
    """Yield the parts that hold content; a message inside a message is one part."""
    if not message.is_multipart() or message.get_content_type() == "message/rfc822":
        yield message
        return
    payload = message.get_payload()
    if depth >= MAX_DEPTH or not isinstance(payload, list):
        return
    for part in payload:
        if isinstance(part, Message):
            yield from _leaves(part, depth + 1)


def _raw_header(message: Message, name: str) -> str:
    for known, value in message.raw_items():
        if known.lower() == name.lower():
            return str(value)
    return ""


def _header(message: Message, name: str) -> str:
    return decode_header(_raw_header(message, name))


def decode_header(value: str) -> str:
    """Return a header's text: encoded words joined and read, raw eight-bit text guessed."""
    unfolded = re.sub(r"\r?\n[ \t]*", " ", value[:20_000])
    joined = BETWEEN_WORDS.sub(r"\1\2", unfolded)
    pieces: list[str] = []
    pending: list[tuple[str, bytes]] = []
    end = 0
    for word in ENCODED_WORD.finditer(joined):
        between = joined[end : word.start()]
        charset = word[1].lower()
        if between or (pending and pending[-1][0] != charset):
            pieces += [_words(pending), _plain(between)]
            pending = []
        pending.append((charset, _word_bytes(word[2].lower(), word[3])))
        end = word.end()
    return clean("".join((*pieces, _words(pending), _plain(joined[end:]))))


def _words(pending: list[tuple[str, bytes]]) -> str:
    """Return neighbouring words as one text: a character may be cut over two of them."""
    if not pending:
        return ""
    return decode(b"".join(part for _, part in pending), pending[0][0], kind="text").text


def _plain(text: str) -> str:
    """Return header text outside encoded words; raw bytes stand in it as surrogates."""
    if text.isascii():
        return text
    return decode(text.encode("utf-8", "surrogateescape"), kind="text").text


def _word_bytes(kind: str, text: str) -> bytes:
    if kind == "q":
        return quopri.decodestring(text.encode("ascii", "replace").replace(b"_", b" "))
    return _base64(text.encode("ascii", "ignore"))


def _base64(text: bytes) -> bytes:
    """Return the bytes of base64 that may lack its padding or hold foreign characters."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except (binascii.Error, ValueError):
        return b""


def _text(parts: list[Message]) -> str:
    """Return the plain text parts, or where they are empty the words of the HTML parts."""
    for kind in ("text/plain", "text/html"):
        texts = [
            _part_text(part)
            for part in parts
            if part.get_content_type() == kind and not attachment_name(part)
        ]
        whole = "\n".join(text for text in texts if text)
        if whole:
            return without_history(whole)[:MAX_TEXT_CHARACTERS]
    return ""


def _part_text(part: Message) -> str:
    body = _body(part)[:MAX_BODY_BYTES]
    charset = _parameter(part, "Content-Type", "charset")
    if charset.lower() in ("us-ascii", "ascii"):
        charset = ""  # what mailers write that know nothing; bytes above 127 say more
    if part.get_content_type() == "text/html":
        return html_to_text(decode(body, charset, kind="html").text)
    text = clean(decode(body, charset, kind="text").text)
    lines = (line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _body(part: Message) -> bytes:
    try:
        body = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError, TypeError):  # a damaged transfer encoding
        body = None
    return body if isinstance(body, bytes) else b""


def _parameter(part: Message, header: str, name: str) -> str:
    """Return a parameter of a header: encoded by RFC 2231, by RFC 2047, or raw bytes."""
    raw = _raw_header(part, header)
    if not raw.isascii():
        part.replace_header(header, _plain(raw))
    try:
        value: object = part.get_param(name, "", header)
    except (ValueError, LookupError, TypeError):  # a damaged header
        return ""
    if isinstance(value, tuple):  # RFC 2231: charset, language, percent-decoded text
        charset, _, text = value
        return decode(text.encode("latin-1", "replace"), charset or None, kind="text").text
    return decode_header(value) if isinstance(value, str) else ""


def without_history(text: str) -> str:
    """Return a message without the one it answers; a bare forward is kept whole."""
    cut = HISTORY.search(text)
    before = text[: cut.start()].strip() if cut else text
    return before or text


def attachment_name(part: Message) -> str:
    """Return the name of an attached part, or "" for one that is the message itself."""
    kind = part.get_content_type()
    disposition = _raw_header(part, "Content-Disposition").strip().lower()
    if kind in ("text/plain", "text/html") and not disposition.startswith("attachment"):
        return ""
    name = _filename(part)
    if name:
        return name
    return "" if kind.startswith("text/") and not disposition else f"({kind})"


def _filename(part: Message) -> str:
    given = _parameter(part, "Content-Disposition", "filename")
    text = given or _parameter(part, "Content-Type", "name")
    return one_line(text).replace("\\", "/").rpartition("/")[2][:200]


def _message_id(message: Message, raw: bytes) -> str:
    given = one_line(_header(message, "Message-ID")).strip("<> ")
    return given[:200] or f"sha256:{hashlib.sha256(raw).hexdigest()[:32]}"


def _author(message: Message) -> str:
    """Return the address of the sender in lower case, or the header where it holds none."""
    header = one_line(_header(message, "From"))
    address = ADDRESS.search(header)
    return (address[0] if address else header)[:300].lower()
