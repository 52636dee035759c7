"""`kind: inbox`: messages that the city's own forms send to `POST /inbox/NAME`, signed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, JsonValue

from collectors.contract import CollectContext, Collected, SourceSettings
from collectors.dates import parse_date
from collectors.inbox import Door, Waiting, forget, take
from collectors.kinds._files import cut
from collectors.plain_text import clean, one_line
from models.named_secrets import NoSecretError, secret_of
from models.records import Entry, MediaTier, MentionKind

AT_MOST: Final = 2000
MAX_TEXT_CHARACTERS: Final = 100_000
MAX_WORD_CHARACTERS: Final = 500


class Inbox(SourceSettings):
    """A form's messages. The JSON has `subject`, `content`, and may have `asked_at`, `place`, …."""

    kind: Literal["inbox"]
    every_minutes: float = Field(default=2, gt=0, le=60)
    media_tier: MediaTier = MediaTier.NETIZEN
    mention_kind: MentionKind = MentionKind.CITIZEN_MESSAGE
    secret_env: str = Field(
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Environment variable that holds the shared secret (or NAME_FILE its file)",
    )
    replay_seconds: float = Field(
        default=300, ge=10, le=3600, description="How old a signature may be"
    )
    spool: str = Field(
        default="spool", description="Folder of messages not yet taken, beside the configuration"
    )

    def door(self, folder: Path) -> Door:
        """Return what the service mounts; `folder` is the configuration's."""
        return Door(
            name=self.name,
            secret=partial(secret_of, self.secret_env),
            spool=self._spool(folder),
            replay_seconds=self.replay_seconds,
        )

    async def collect(self, context: CollectContext) -> Collected:
        """Take the waiting messages; those of the last stored round are deleted."""
        return await asyncio.to_thread(self._taken, context)

    def _spool(self, folder: Path) -> Path:
        return folder / self.spool / self.name

    def _taken(self, context: CollectContext) -> Collected:
        spool = self._spool(context.folder)
        # This state was stored in one transaction with the mentions: only now may the files go.
        before = context.state.get("taken")
        forget(spool, [str(name) for name in before] if isinstance(before, list) else [])
        found = take(spool, AT_MOST)
        messages = [one for one in found if isinstance(one, Waiting)]
        problems = [one for one in found if isinstance(one, str)]
        locked = self._not_ready()
        if locked and not messages:
            return Collected(state={"taken": []}, failure=locked, permanent=True)
        problems += [locked] if locked else []
        names: list[JsonValue] = [one.file for one in messages]
        return Collected(
            entries=tuple(self._entry(one, context) for one in messages),
            state={"taken": names},
            problems=tuple(cut(problems)),
            not_modified=not messages,
        )

    def _not_ready(self) -> str:
        """Say that every message is refused because the secret is nowhere, or ""."""
        try:
            secret_of(self.secret_env)
        except NoSecretError as error:
            return f"every message is refused: {error}"
        return ""

    def _entry(self, waiting: Waiting, context: CollectContext) -> Entry:
        said = waiting.message
        asked = parse_date(_word(said, "asked_at"), context.now)
        replied = parse_date(_word(said, "replied_at"), context.now)
        return Entry(
            source=self.name,
            external_id=waiting.key,
            title=_word(said, "subject"),
            text=clean(_text(said, "content"))[:MAX_TEXT_CHARACTERS],
            published=asked.value,
            date_flag=asked.flag,
            origin=_word(said, "channel"),
            place=_word(said, "place"),
            author=_word(said, "author"),
            reply=clean(_text(said, "reply"))[:MAX_TEXT_CHARACTERS],
            replied_at=replied.value,
        )


def _text(said: Mapping[str, JsonValue], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _word(said: Mapping[str, JsonValue], name: str) -> str:
    return one_line(_text(said, name))[:MAX_WORD_CHARACTERS]


KIND = Inbox
