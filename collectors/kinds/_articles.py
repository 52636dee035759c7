"""What the kinds that read article pages share: reading in bounds, and seeing what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import JsonValue

from collectors.article import extract_article
from collectors.contract import CollectContext, State
from collectors.http import Fetched
from collectors.kinds._reading import HttpSource, RoundTime, charset, told
from models.records import Entry

TRIES = 3
"""After so many tries an address that brings no article is left alone."""

TRIES_KEPT = 500
GONE_A_ROUND = 3
RESTED = timedelta(hours=6)
"""Between two looks at whether an article still exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An article to read, and what the list that names it says about it.

    `published` counts where the page itself tells no time, and `date_flag` says so then.
    """

    url: str
    title: str = ""
    published: datetime | None = None
    date_flag: str = "from_list"
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Articles:
    """What was read. `done` need not be read again: stored, or given up; `waiting` were not tried.

    `tries` counts the tries of addresses that brought no article so far.
    """

    entries: tuple[Entry, ...]
    done: tuple[str, ...]
    problems: tuple[str, ...]
    tries: Mapping[str, int]
    waiting: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing is left to read: only then may the list be asked conditionally."""
        return not self.waiting and len(self.done) == len(self.entries) + len(self.problems)

    def told(self) -> tuple[str, ...]:
        """Return the problems, and how many articles wait."""
        waits = f"{self.waiting} further articles wait for the next round"
        return (*self.problems, waits) if self.waiting else self.problems


async def read_articles(
    source: HttpSource,
    wanted: Sequence[Wanted],
    context: CollectContext,
    time: RoundTime,
    at_most: int,
) -> Articles:
    """Read the first `at_most` articles one by one, as long as the round has time."""
    tries = tries_of(context.state)
    entries: list[Entry] = []
    done: list[str] = []
    problems: list[str] = []
    tried = 0
    for one in wanted[:at_most]:
        if time.is_over:
            break
        tried += 1
        fetched = await context.fetcher.get(source.request(one.url))
        # In a thread: parsing must not eat into the deadlines of the fetches beside it.
        found = await asyncio.to_thread(entry_of, source.name, one, fetched, context.now)
        if isinstance(found, Entry):
            entries.append(found)
            done.append(one.url)
            tries.pop(one.url, None)
            continue
        problems.append(found)
        if fetched.error is None or fetched.error.permanent:
            tries[one.url] = tries.get(one.url, 0) + 1
        if tries.get(one.url, 0) >= TRIES:
            problems[-1] += f"; given up after {TRIES} tries"
            done.append(one.url)
            del tries[one.url]
    return Articles(
        entries=tuple(entries),
        done=tuple(done),
        problems=tuple(problems),
        tries=dict([*tries.items()][-TRIES_KEPT:]),
        waiting=len(wanted) - tried,
    )


def entry_of(source: str, wanted: Wanted, fetched: Fetched, now: datetime) -> Entry | str:
    """Return the article of a page, or in one line why there is none."""
    if fetched.error is not None:
        return told(wanted.url, fetched.error)
    article = extract_article(fetched.body, fetched.final_url, now, charset(fetched))
    if not article.text and not article.title:
        return f"{wanted.url}: {article.error or 'no article text found'}"
    entry = Entry(
        source=source,
        external_id=wanted.url,
        title=article.title or wanted.title,
        text=article.text,
        url=article.canonical_url or wanted.url,
        published=article.published,
        origin=article.source or wanted.origin,
        author=article.author,
    )
    if article.published is not None:
        return entry
    flag = wanted.date_flag if wanted.published else "missing"
    return replace(entry, published=wanted.published, date_flag=flag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at known articles showed. `seen` and `missing` are address → when looked at."""

    gone: tuple[str, ...]
    seen: Mapping[str, str]
    missing: Mapping[str, str]


async def look_for_gone(
    source: HttpSource, context: CollectContext, time: RoundTime, seen: Mapping[str, str]
) -> Looked:
    """Look at the three known articles looked at longest ago.

    410 means gone at once. 404 must be met twice, six hours apart: a site that is being rebuilt
    answers 404 to everything, and what is purged does not come back.
    """
    looked, missing, gone = dict(seen), words_of(context.state, "missing"), []
    rested = (context.now - RESTED).isoformat()
    oldest = sorted((at, url) for url, at in seen.items() if at <= rested)[:GONE_A_ROUND]
    for _, url in oldest:
        if time.is_over:
            break
        status = (await context.fetcher.get(source.request(url))).status
        looked[url] = context.now.isoformat()
        if status == 410 or (status == 404 and url in missing):
            gone.append(url)
            del looked[url]
        if status == 404:
            missing[url] = context.now.isoformat()
        else:
            missing.pop(url, None)
    kept = {url: at for url, at in missing.items() if url in looked}
    return Looked(gone=tuple(gone), seen=looked, missing=kept)


def words_of(state: State, name: str) -> dict[str, str]:
    """Return a part of the state that maps words to words."""
    kept = state.get(name)
    return {str(key): str(value) for key, value in kept.items()} if isinstance(kept, dict) else {}


def tries_of(state: State) -> dict[str, int]:
    """Return how often each address was tried in vain."""
    kept = state.get("tries")
    pairs = kept.items() if isinstance(kept, dict) else ()
    return {str(url): count for url, count in pairs if isinstance(count, int)}


def newest(seen: Mapping[str, str], at_most: int) -> JsonValue:
    """Return the addresses with the latest times."""
    return dict(sorted(seen.items(), key=lambda pair: pair[1])[-at_most:])
