"""Read-only IMAP: the new messages of one folder, within a deadline and a bound on bytes.

The folder is opened with EXAMINE and messages are fetched with BODY.PEEK, so nothing is marked
as read and nothing is deleted. Addresses are judged like those of HTTP.
"""

from __future__ import annotations

import base64
import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

from collectors.http_guard import AddressRefusedError, AllowList, check_all
from collectors.http_records import PRODUCT

OPERATION_SECONDS: Final = 20.0
SESSION_SECONDS: Final = 120.0
MAX_MESSAGES_A_ROUND: Final = 200
MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024
MAX_ROUND_BYTES: Final = 64 * 1024 * 1024
"""After so many bytes of messages a round ends; the next one goes on."""
MAX_SESSION_BYTES: Final = MAX_ROUND_BYTES + 2 * MAX_MESSAGE_BYTES
"""No honest server sends more in a session: a flood of untagged lines ends here."""
UID = re.compile(rb"UID (\d{1,10})")
SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")
# Not strftime: the protocol wants English, whatever the locale.
MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"


class ImapError(Exception):
    """The mailbox could not be read; `permanent` when another try brings the same."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where the mailbox is and how to enter it. `tls` None means in clear, for loopback only."""

    host: str
    port: int
    username: str
    password: str
    folder: str
    tls: ssl.SSLContext | None
    allowed: AllowList

    def __repr__(self) -> str:
        return f"Account({self.username}@{self.host}:{self.port})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a folder was read: UIDs count only under their UIDVALIDITY (RFC 3501 2.3.1.1)."""

    validity: int = 0
    uid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """The messages after a mark, oldest first, and the mark after them."""

    messages: tuple[bytes, ...]
    mark: Mark
    problems: tuple[str, ...] = ()


class _Session(imaplib.IMAP4):
    """One connection to a checked address, cut off after two minutes or too many bytes."""

    def __init__(self, account: Account, address: str) -> None:
        self._account = account
        self._address = address
        self._bytes_read = 0
        # A server that drips a byte a second passes every single time-out, in the greeting and the
        # handshake too: cut the line for it.
        self.watch = threading.Timer(SESSION_SECONDS, self._cut)
        self.watch.daemon = True
        try:
            super().__init__(account.host, account.port, OPERATION_SECONDS)
        except BaseException:
            self.watch.cancel()
            raise

    def open(self, host: str = "", port: int = 993, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        self.sock = socket.create_connection((self._address, port), timeout)
        if self._account.tls is not None:
            self.sock = self._account.tls.wrap_socket(
                self.sock, server_hostname=host, do_handshake_on_connect=False
            )
        self.watch.start()
        if isinstance(self.sock, ssl.SSLSocket):
            self._shake_hands(self.sock)
        self.file = self.sock.makefile("rb")

    def _shake_hands(self, line: ssl.SSLSocket) -> None:
        try:
            line.do_handshake()
        except BaseException:
            line.close()
            raise

    def read(self, size: int) -> bytes:
        if size > MAX_MESSAGE_BYTES:
            raise self.abort(f"the server announces a message of {size:,} bytes")
        return self._counted(super().read(size))

    def readline(self) -> bytes:
        return self._counted(super().readline())

    def _counted(self, part: bytes) -> bytes:
        self._bytes_read += len(part)
        if self._bytes_read > MAX_SESSION_BYTES:
            raise self.abort(f"the server sent more than {MAX_SESSION_BYTES:,} bytes")
        return part

    def _cut(self) -> None:
        with suppress(OSError):
            # Not SSLSocket's own: it takes the session from under a thread that reads.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def read_new(account: Account, mark: Mark, since: date) -> NewMail:
    """Return at most 200 messages after `mark`; without a mark, those since a day.

    Blocking; ends within two minutes. Raises ImapError with one clear line.
    """
    with _entered(account) as session:
        validity = _opened(session, account.folder)
        known = mark if mark.validity == validity else Mark(validity=validity)
        uids = _search(session, known, since)
        return _fetched(session, known, uids[:MAX_MESSAGES_A_ROUND])


@contextmanager
def _entered(account: Account) -> Iterator[_Session]:
    where = f"{account.host}:{account.port}"
    try:
        session = _Session(account, _address(account))
        try:
            _log_in(session, account)
            yield session
        finally:
            _leave(session)
            session.watch.cancel()
    except AddressRefusedError as error:
        raise ImapError(str(error), permanent=True) from error
    except ssl.SSLError as error:
        raise ImapError(f"{where}: TLS: {error.reason or error}") from error
    except (OSError, imaplib.IMAP4.error, EOFError, ValueError) as error:
        raise ImapError(f"{where}: {str(error) or type(error).__name__}") from error


def _leave(session: _Session) -> None:
    try:
        session.logout()
    except (OSError, imaplib.IMAP4.error):
        session.shutdown()


def _address(account: Account) -> str:
    answers = socket.getaddrinfo(account.host, account.port, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
    return check_all(account.host, addresses, account.port, account.allowed)[0]


def _log_in(session: _Session, account: Account) -> None:
    try:
        session.login(account.username, account.password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        # The server's own words may repeat what was sent; the reason is plain without them.
        reason = f"{account.host}: login refused for {account.username}"
        raise ImapError(reason, permanent=True) from error
    if "ID" in session.capabilities:  # RFC 2971; 163.com and 126.com refuse EXAMINE without it
        session.xatom("ID", f'("name" "{PRODUCT}" "version" "0.1")')


def _opened(session: _Session, folder: str) -> int:
    """Open the folder read-only; return its UIDVALIDITY."""
    kind, answer = session.select(f'"{folder_name(folder)}"', readonly=True)
    if kind != "OK":
        said = b" ".join(part for part in answer if isinstance(part, bytes))
        reason = f"folder {folder!r} cannot be opened: {said.decode('utf-8', 'replace')[:200]}"
        raise ImapError(reason, permanent=True)
    _, validity = session.response("UIDVALIDITY")
    text = validity[0] if validity else None
    return int(text) if isinstance(text, bytes) and text.isdigit() else 0


def _search(session: _Session, mark: Mark, since: date) -> list[int]:
    month = MONTHS[since.month * 3 - 3 : since.month * 3]
    day = f"{since.day:02d}-{month}-{since.year}"
    wanted = ("UID", f"{mark.uid + 1}:*") if mark.uid else ("SINCE", day)
    kind, answer = session.uid("SEARCH", *wanted)
    if kind != "OK":
        raise ImapError(f"SEARCH {wanted[0]} refused")
    numbers = b" ".join(part for part in answer if isinstance(part, bytes)).split()
    # "n:*" always gives the last message, also when it was read before.
    return sorted(uid for uid in map(int, numbers) if uid > mark.uid)


def _fetched(session: _Session, mark: Mark, uids: list[int]) -> NewMail:
    messages: list[bytes] = []
    problems: list[str] = []
    sizes = _sizes(session, uids)
    last, total = mark.uid, 0
    for uid in uids:
        if total >= MAX_ROUND_BYTES:
            problems.append("further messages wait for the next round")
            break
        last = uid
        size = sizes.get(uid, 0)
        if size > MAX_MESSAGE_BYTES:
            problems.append(f"message {uid} of {size:,} bytes left out")
            continue
        message = _message(session, uid)
        if message is None:
            problems.append(f"message {uid} could not be fetched")
        else:
            messages.append(message)
            total += len(message)
    read = Mark(validity=mark.validity, uid=last)
    return NewMail(messages=tuple(messages), mark=read, problems=tuple(problems))


def _sizes(session: _Session, uids: list[int]) -> dict[int, int]:
    """Return the size of each message as the server tells it, asked in one question."""
    if not uids:
        return {}
    _, answer = session.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)")
    lines = [part for part in answer if isinstance(part, bytes)]
    told = [(UID.search(line), SIZE.search(line)) for line in lines]
    return {int(uid[1]): int(size[1]) for uid, size in told if uid and size}


def _message(session: _Session, uid: int) -> bytes | None:
    kind, answer = session.uid("FETCH", str(uid), "(BODY.PEEK[])")
    if kind != "OK":
        return None
    return next((bytes(part[1]) for part in answer if isinstance(part, tuple)), None)


def folder_name(name: str) -> str:
    """Return a folder's name as IMAP writes it: modified UTF-7 (RFC 3501 5.1.3), quoted."""
    pieces = re.split(r"([^\x20-\x7e]+)", name)
    for at in range(1, len(pieces), 2):
        packed = base64.b64encode(pieces[at].encode("utf-16-be")).decode("ascii")
        pieces[at] = f"&{packed.rstrip('=').replace('/', ',')}-"
    for at in range(0, len(pieces), 2):
        pieces[at] = pieces[at].replace("&", "&-").replace("\\", r"\\").replace('"', r"\"")
    return "".join(pieces)
