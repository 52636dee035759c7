"""`kind: mailbox`: a citizens' mailbox over IMAP, read-only, or mbox and eml files in a folder."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from collectors.contract import CollectContext, Collected, SourceSettings, State
from collectors.http_guard import parse_allow_list
from collectors.imap import Account, ImapError, Mark, read_new
from collectors.kinds._files import (
    cut,
    digest,
    matching,
    nothing_there,
    place_of,
    read_before,
    remembered,
)
from collectors.mail_parser import mail_entry, parse_mail, read_mails
from collectors.tables import RowProblem, TableError
from models.named_secrets import NoSecretError, secret_of
from models.records import Entry, MediaTier, MentionKind

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Mailbox(SourceSettings):
    """Messages after the last one read. Nothing is marked as read, moved or deleted."""

    kind: Literal["mailbox"]
    media_tier: MediaTier = MediaTier.NETIZEN
    mention_kind: MentionKind = MentionKind.CITIZEN_MESSAGE
    path: str = Field(
        default="", description="mbox or eml file or pattern, from the configuration's folder"
    )
    host: str = Field(default="", max_length=253, description="IMAP server")
    port: int = Field(default=993, ge=1, le=65535)
    username: str = Field(default="", max_length=200)
    password_env: str = Field(
        default="",
        pattern=r"^(|[A-Z][A-Z0-9_]*)$",
        description="Environment variable that holds the password (or NAME_FILE its file)",
    )
    folder: str = Field(default="INBOX", min_length=1, max_length=200)
    tls: bool = Field(default=True, description="False only for a server on this machine")
    ca_file: str = Field(default="", description="Certificate authority of an intranet server")
    allow_hosts: tuple[str, ...] = Field(
        default=(), description="Non-public host:port this source may reach (intranet)"
    )
    first_days: int = Field(default=30, ge=0, le=3650, description="How far the first round reads")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.path) == bool(self.host):
            raise ValueError("name either `path` or `host`")
        if self.host and not (self.username and self.password_env):
            raise ValueError("an IMAP server needs `username` and `password_env`")
        if not self.tls and self.host not in LOOPBACK:
            raise ValueError("`tls: false` sends the password in clear: only on this machine")
        parse_allow_list(frozenset(self.allow_hosts))
        return self

    async def collect(self, context: CollectContext) -> Collected:
        """Read the new messages."""
        if self.host:
            return await asyncio.to_thread(self._from_server, context)
        return await asyncio.to_thread(self._from_files, context)

    def _from_server(self, context: CollectContext) -> Collected:
        since = (context.now - timedelta(days=self.first_days)).date()
        try:
            new = read_new(self._account(context.folder), _mark(context.state), since)
        except (ImapError, NoSecretError, OSError) as error:
            permanent = not isinstance(error, ImapError) or error.permanent
            return Collected(state=context.state, failure=str(error), permanent=permanent)
        mails = [parse_mail(raw, context.now) for raw in new.messages]
        return Collected(
            entries=tuple(mail_entry(mail, self.name) for mail in mails),
            state={"uid_validity": new.mark.validity, "uid": new.mark.uid},
            problems=tuple(cut([*new.problems])),
            not_modified=not mails,
        )

    def _account(self, folder: Path) -> Account:
        context = ssl.create_default_context(
            cafile=str(folder / self.ca_file) if self.ca_file else None
        )
        return Account(
            host=self.host,
            port=self.port,
            username=self.username,
            password=secret_of(self.password_env),
            folder=self.folder,
            tls=context if self.tls else None,
            allowed=parse_allow_list(frozenset(self.allow_hosts)),
        )

    def _from_files(self, context: CollectContext) -> Collected:
        files = matching(context.folder, self.path)
        if not files:
            return nothing_there(self.path, context)
        read = read_before(context.state)
        entries: list[Entry] = []
        problems: list[str] = []
        fresh: dict[str, str] = {}
        for file in files:
            place = place_of(file, context.folder)
            try:
                bytes_read = digest(file)
                if read.get(place) == bytes_read:
                    continue
                fresh[place] = bytes_read
                for found in read_mails(file, context.now):
                    if isinstance(found, RowProblem):
                        problems.append(str(found))
                    else:
                        entries.append(mail_entry(found, self.name))
            except TableError as error:
                problems.append(str(error))
        return Collected(
            entries=tuple(entries),
            state=remembered(context.state, fresh),
            problems=tuple(cut(problems)),
            not_modified=not fresh,
            failure=problems[0] if problems and not entries else "",
        )


def _mark(state: State) -> Mark:
    validity, uid = state.get("uid_validity"), state.get("uid")
    if isinstance(validity, int) and isinstance(uid, int):
        return Mark(validity=validity, uid=uid)
    return Mark()


KIND = Mailbox
