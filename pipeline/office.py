"""The running office: configuration, database, understanding and the way out, held together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock

from alerts.constants import Constants, load_constants
from collectors.http import FetchSettings
from models import classifier
from models.duplicates import RepostIndex, from_bytes
from models.stories import StoryBook, from_json
from models.watch import compile_queries
from models.weight_versions import service_folder
from pipeline.secret import author_key, signing_key
from pipeline.settings import Loaded
from pipeline.understand import Mind
from reports.words import Language
from storage import mentions, stories
from storage.store import Store, Transaction

REPOST_DAYS = 30
"""How far back a copy is recognised."""

REPOSTS_KEPT = 300_000
"""Texts in the index: about 300 MB, half of what the service may hold."""

STORY_DAYS = 60
"""A story silent for longer attracts nothing more."""

LONE_STORY_DAYS = 14
"""A story of one mention, silent for longer, attracts nothing more."""


@dataclass(slots=True, kw_only=True)
class Office:
    """What a cycle and the service need; everything in `mind` can be rebuilt from the store."""

    loaded: Loaded
    store: Store
    mind: Mind
    constants: Constants
    secret: bytes = field(repr=False)
    public_url: str = ""
    grouping: RLock = field(default_factory=RLock, repr=False)
    """Held from grouping to commit, so that a person's change of stories is never overwritten."""

    def author_key(self, now: datetime) -> bytes:
        """Return the key that hashes authors now; it is replaced when its time is over."""
        lifetime = timedelta(days=self.loaded.settings.privacy.author_key_days)
        return author_key(self.loaded.database.parent, now, lifetime)

    def fetch_settings(self) -> FetchSettings:
        """Return the settings of the one HTTP client."""
        http = self.loaded.settings.http
        agent = "yuqing/0.1 (public feedback monitoring"
        return FetchSettings(
            user_agent=f"{agent}; {http.contact})" if http.contact else f"{agent})",
            deadline_seconds=http.deadline_seconds,
            allow_hosts=frozenset(http.allow_hosts),
            per_host_pause_seconds=http.pause_seconds,
            robots=http.robots,
        )

    def adopt(self, loaded: Loaded) -> None:
        """Work by another configuration from now on; the database stays where it is."""
        self.mind = replace(
            self.mind,
            matcher=compile_queries(loaded.queries, loaded.settings.watch.places),
            home=loaded.settings.region.name,
        )
        self.loaded = loaded

    def remember(self, now: datetime) -> None:
        """Make the index and the book from the store: at start, and after a cycle was undone."""
        since = now - timedelta(days=REPOST_DAYS)
        index = RepostIndex(window=timedelta(days=REPOST_DAYS), capacity=REPOSTS_KEPT)
        with self.store.read() as reader:
            for rows in mentions.sketches(reader, since):
                index.add(
                    [row.id for row in rows],
                    from_bytes([row.signature for row in rows]),
                    [row.event_at for row in rows],
                    [row.repost_of or None for row in rows],
                )
        self.mind = replace(self.mind, reposts=index)
        self._remember_stories(now)

    @property
    def language(self) -> Language:
        """The language people read."""
        return "en" if self.loaded.settings.language == "en" else "zh"

    @property
    def home(self) -> str:
        """The region's own name, which story titles and leads are compared without."""
        return self.mind.home

    @contextmanager
    def regrouping(self, now: datetime) -> Iterator[Transaction]:
        """Give a transaction in which a person changes stories; the next round goes by it."""
        with self.grouping:
            with self.store.transaction() as tx:
                yield tx
            self._remember_stories(now)

    def forget_silent(self, now: datetime) -> None:
        """Close in memory the stories that attract nothing more; their rows stay."""
        with self.grouping:
            self.mind.book.close(
                silent_since=now - timedelta(days=STORY_DAYS),
                lone_since=now - timedelta(days=LONE_STORY_DAYS),
            )

    def _remember_stories(self, now: datetime) -> None:
        with self.store.read() as reader:
            states = stories.open_states(reader, now - timedelta(days=STORY_DAYS))
        self.mind = replace(self.mind, book=StoryBook([from_json(state) for state in states]))


@contextmanager
def open_office(loaded: Loaded, now: datetime) -> Iterator[Office]:
    """Open everything the configuration names, and close it at the end."""
    settings = loaded.settings
    with Store.open(loaded.database, memory_limit=settings.memory_limit) as store:
        mind = Mind(
            classifier=classifier.load(service_folder(loaded.database.parent / "models")),
            matcher=compile_queries(loaded.queries, loaded.settings.watch.places),
            reposts=RepostIndex(),
            book=StoryBook(()),
            home=settings.region.name,
        )
        office = Office(
            loaded=loaded,
            store=store,
            mind=mind,
            constants=load_constants(),
            secret=signing_key(loaded.database.parent),
            public_url=_public_url(loaded),
        )
        office.remember(now)
        yield office


def _public_url(loaded: Loaded) -> str:
    console = loaded.settings.console
    return console.public_url.rstrip("/") or f"http://{console.host}:{console.port}"
