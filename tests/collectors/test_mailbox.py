from __future__ import annotations

import asyncio
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError

from collectors import imap
from collectors.contract import CollectContext, Collected, State
from collectors.http import Fetcher
from collectors.imap import MAX_MESSAGE_BYTES, MAX_MESSAGES_A_ROUND, folder_name
from collectors.kinds.mailbox import KIND, Mailbox
from models.records import MentionKind

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PASSWORD = "canary-word"  # noqa: S105  # what the tests look for


def message(number: int) -> bytes:
    return (
        f"Message-ID: <{number}@example.cn>\r\nSubject: letter {number}\r\n"
        f"Date: Wed, 13 May 2026 10:12:00 +0800\r\n\r\ntext {number}\r\n"
    ).encode()


class ImapServer(socketserver.ThreadingTCPServer):
    """A mailbox on loopback that speaks as much IMAP as reading takes."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.tls = tls
        self.messages = {n: message(n) for n in (3, 5, 8)}
        self.validity = 77
        self.log: list[str] = []
        self.claimed_size: int | None = None
        self.needs_id = False

    def get_request(self) -> tuple[socket.socket, object]:
        line, peer = super().get_request()
        return (self.tls.wrap_socket(line, server_side=True) if self.tls else line), peer

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Talk(socketserver.StreamRequestHandler):
    server: ImapServer
    disable_nagle_algorithm = True

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def handle(self) -> None:
        self.say("* OK [CAPABILITY IMAP4rev1 ID] ready")
        for raw in self.rfile:
            line = raw.decode().strip()
            self.server.log.append(line)
            tag, _, rest = line.partition(" ")
            words = rest.split(" ")
            verb = words[1] if words[0] == "UID" else words[0]
            getattr(self, f"do_{verb.lower()}", self.do_other)(tag, rest)
            if verb == "LOGOUT":
                return

    def do_other(self, tag: str, _rest: str) -> None:
        self.say(f"{tag} OK done")

    def do_capability(self, tag: str, _rest: str) -> None:
        self.say("* CAPABILITY IMAP4rev1 ID", f"{tag} OK done")

    def do_login(self, tag: str, rest: str) -> None:
        self.say(f"{tag} OK in" if PASSWORD in rest else f"{tag} NO bad password {rest}")

    def do_examine(self, tag: str, rest: str) -> None:
        if "INBOX" not in rest:
            self.say(f"{tag} NO no such folder")
            return
        if self.server.needs_id and not any(" ID " in line for line in self.server.log):
            self.say(f"{tag} NO EXAMINE Unsafe Login")
            return
        self.say(f"* OK [UIDVALIDITY {self.server.validity}] ok", f"{tag} OK [READ-ONLY] done")

    def do_search(self, tag: str, rest: str) -> None:
        start = re.search(r"UID (\d+):\*", rest)
        every = sorted(self.server.messages)
        found = [uid for uid in every if not start or uid >= int(start[1])]
        # As real servers do: "n:*" names the last message also when it is below n.
        self.say("* SEARCH " + " ".join(map(str, found or every[-1:])), f"{tag} OK done")

    def do_fetch(self, tag: str, rest: str) -> None:
        uids = [int(uid) for uid in rest.split()[2].split(",")]
        if "SIZE" in rest:
            for uid in uids:
                size = self.server.claimed_size or len(self.server.messages[uid])
                self.say(f"* 1 FETCH (UID {uid} RFC822.SIZE {size})")
            self.say(f"{tag} OK done")
            return
        uid, body = uids[0], self.server.messages[uids[0]]
        self.wfile.write(b"* 1 FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (uid, len(body), body))
        self.say(f"{tag} OK done")


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[ImapServer]:
    with ImapServer(tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ImapServer]:
    monkeypatch.setenv("MAILBOX_PASSWORD", PASSWORD)
    with serving() as running:
        yield running


def mailbox(server: ImapServer, **changes: object) -> Mailbox:
    fields: dict[str, object] = {
        "kind": "mailbox",
        "name": "letters",
        "host": "127.0.0.1",
        "port": server.port,
        "username": "office",
        "password_env": "MAILBOX_PASSWORD",
        "tls": False,
        "allow_hosts": (f"127.0.0.1:{server.port}",),
    }
    return Mailbox.model_validate(fields | changes)


def collect(source: Mailbox, folder: Path, state: State | None = None) -> Collected:
    context = CollectContext(
        fetcher=cast("Fetcher", None), state=state or {}, now=NOW, folder=folder
    )
    return asyncio.run(source.collect(context))


def test_new_messages_become_entries(server: ImapServer, tmp_path: Path) -> None:
    collected = collect(mailbox(server), tmp_path)
    assert collected.failure == ""
    assert [(entry.external_id, entry.title, entry.text) for entry in collected.entries] == [
        (f"{n}@example.cn", f"letter {n}", f"text {n}") for n in (3, 5, 8)
    ]
    assert mailbox(server).mention_kind is MentionKind.CITIZEN_MESSAGE


def test_a_message_is_read_once(server: ImapServer, tmp_path: Path) -> None:
    first = collect(mailbox(server), tmp_path)
    again = collect(mailbox(server), tmp_path, first.state)
    assert (again.entries, again.not_modified) == ((), True)
    server.messages[9] = message(9)
    third = collect(mailbox(server), tmp_path, again.state)
    assert [entry.title for entry in third.entries] == ["letter 9"]


def test_renumbered_folders_are_read_from_the_start(server: ImapServer, tmp_path: Path) -> None:
    first = collect(mailbox(server), tmp_path)
    server.validity = 78
    assert len(collect(mailbox(server), tmp_path, first.state).entries) == 3


def test_nothing_is_marked_moved_or_deleted(server: ImapServer, tmp_path: Path) -> None:
    collect(mailbox(server), tmp_path)
    said = " ".join(server.log).upper()
    assert "EXAMINE" in said
    assert "BODY.PEEK[]" in said
    for verb in (" SELECT", " STORE", " COPY", " MOVE", " EXPUNGE", " DELETE", " APPEND"):
        assert verb not in said


def test_the_first_round_reads_back_no_further_than_asked(
    server: ImapServer, tmp_path: Path
) -> None:
    collect(mailbox(server, first_days=5), tmp_path)
    assert any("SEARCH SINCE 27-May-2026" in line for line in server.log)


def test_a_server_that_wants_a_name_is_told_the_honest_one(
    server: ImapServer, tmp_path: Path
) -> None:
    server.needs_id = True
    assert len(collect(mailbox(server), tmp_path).entries) == 3
    assert any('ID ("name" "yuqing"' in line for line in server.log)


def test_one_round_is_bounded_and_the_next_goes_on(server: ImapServer, tmp_path: Path) -> None:
    server.messages = {n: message(n) for n in range(1, MAX_MESSAGES_A_ROUND + 6)}
    first = collect(mailbox(server), tmp_path)
    assert len(first.entries) == MAX_MESSAGES_A_ROUND
    assert len(collect(mailbox(server), tmp_path, first.state).entries) == 5


def test_a_huge_message_is_a_problem_and_passes(server: ImapServer, tmp_path: Path) -> None:
    server.claimed_size = MAX_MESSAGE_BYTES + 1
    collected = collect(mailbox(server), tmp_path)
    assert len(collected.problems) == 3
    assert collected.state["uid"] == 8


def test_a_round_ends_after_so_many_bytes_and_the_next_goes_on(
    server: ImapServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "MAX_ROUND_BYTES", 150)
    first = collect(mailbox(server), tmp_path)
    assert [entry.title for entry in first.entries] == ["letter 3", "letter 5"]
    assert first.problems == ("further messages wait for the next round",)
    assert len(collect(mailbox(server), tmp_path, first.state).entries) == 1


def test_a_flood_is_cut_off(
    server: ImapServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "MAX_SESSION_BYTES", 300)
    assert "more than 300 bytes" in collect(mailbox(server), tmp_path).failure


@pytest.mark.parametrize("greeting", [b"*", b""], ids=["drips", "silent"])
def test_a_server_that_never_ends_its_greeting_is_cut_off(
    greeting: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILBOX_PASSWORD", PASSWORD)
    monkeypatch.setattr(imap, "SESSION_SECONDS", 0.3)
    over = threading.Event()

    class Drip(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while not over.wait(0.02):
                try:
                    self.request.sendall(greeting)
                except OSError:
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Drip) as slow:
        threading.Thread(target=slow.serve_forever, args=(0.01,), daemon=True).start()
        port = int(slow.server_address[1])
        source = Mailbox.model_validate(
            {"kind": "mailbox", "name": "letters", "host": "127.0.0.1", "port": port}
            | {"username": "office", "password_env": "MAILBOX_PASSWORD", "tls": False}
            | {"allow_hosts": (f"127.0.0.1:{port}",)}
        )
        collected = collect(source, tmp_path)
        over.set()
        slow.shutdown()
    assert collected.failure.startswith(f"127.0.0.1:{port}: ")
    assert not collected.permanent


def test_a_wrong_password_is_permanent_and_never_printed(
    server: ImapServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILBOX_PASSWORD", "wrong-canary")
    collected = collect(mailbox(server), tmp_path)
    assert collected.permanent
    assert "login refused for office" in collected.failure
    assert "canary" not in collected.failure


def test_a_missing_password_says_where_to_put_it(
    server: ImapServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAILBOX_PASSWORD")
    assert "MAILBOX_PASSWORD_FILE" in collect(mailbox(server), tmp_path).failure


def test_a_missing_folder_is_named(server: ImapServer, tmp_path: Path) -> None:
    assert "'来信'" in collect(mailbox(server, folder="来信"), tmp_path).failure
    assert any('EXAMINE "&Z2VP4Q-"' in line for line in server.log)


def test_a_server_that_is_gone_is_a_failure_that_may_pass(
    server: ImapServer, tmp_path: Path
) -> None:
    source = mailbox(server)
    server.shutdown()
    server.server_close()
    collected = collect(source, tmp_path, {"uid_validity": 77, "uid": 3})
    assert collected.failure.startswith("127.0.0.1:")
    assert not collected.permanent
    assert collected.state == {"uid_validity": 77, "uid": 3}


def test_a_private_server_needs_its_place_on_the_list(server: ImapServer, tmp_path: Path) -> None:
    collected = collect(mailbox(server, allow_hosts=()), tmp_path)
    assert "allow_hosts" in collected.failure
    assert server.log == []


def test_tls_is_checked_against_the_named_authority(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILBOX_PASSWORD", PASSWORD)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    with serving(tls) as running:
        refused = collect(mailbox(running, tls=True), tmp_path)
        assert "TLS" in refused.failure
        assert not any("LOGIN" in line for line in running.log)
        entered = collect(mailbox(running, tls=True, ca_file=str(certificate)), tmp_path)
        assert len(entered.entries) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"path": "a.mbox", "host": "imap.example.cn"},
        {"host": "imap.example.cn"},
        {"host": "imap.example.cn", "username": "a", "password_env": "X", "tls": False},
        {"path": "a.mbox", "allow_hosts": ("nonsense",)},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KIND.model_validate({"kind": "mailbox", "name": "letters"} | fields)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("INBOX", "INBOX"),
        ("台北", "&U,BTFw-"),
        ("A&B", "A&-B"),
        ('a"b', r"a\"b"),
        ("市长信箱/2026", "&XgKVf0,he7E-/2026"),
    ],
)
def test_folder_names_are_written_as_imap_does(name: str, written: str) -> None:
    assert folder_name(name) == written


# Files


def test_files_are_read_once_and_again_when_they_change(tmp_path: Path) -> None:
    source = Mailbox(kind="mailbox", name="letters", path="*.eml")
    (tmp_path / "a.eml").write_bytes(message(1))
    first = collect(source, tmp_path)
    assert [entry.title for entry in first.entries] == ["letter 1"]
    assert collect(source, tmp_path, first.state).not_modified
    (tmp_path / "a.eml").write_bytes(message(2))
    assert len(collect(source, tmp_path, first.state).entries) == 1


def test_an_empty_folder_is_well_and_a_missing_file_is_not(tmp_path: Path) -> None:
    assert collect(Mailbox(kind="mailbox", name="a", path="*.mbox"), tmp_path).not_modified
    assert (
        "no such file"
        in collect(Mailbox(kind="mailbox", name="a", path="a.mbox"), tmp_path).failure
    )
