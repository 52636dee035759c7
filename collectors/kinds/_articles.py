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
from collectors.kinds._reading import HttpSource, RoundTime, charset, time_of, told
from models.records import Entry

WAITS = (timedelta(0), timedelta(hours=2), timedelta(hours=12))
"""Before the second, third and last try of an address that is refused or holds no article.

Spread, because a site that refuses everything for an hour must not cost its articles.
"""

FAILING_KEPT = 500
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
class Failing:
    """How often an address was tried in vain, and when last."""

    tries: int
    last_at: datetime

    @property
    def is_given_up(self) -> bool:
        """Whether the last try is over."""
        return self.tries > len(WAITS)

    def is_due(self, now: datetime) -> bool:
        """Whether it may be tried again."""
        return now - self.last_at >= WAITS[min(self.tries, len(WAITS)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Articles:
    """What was read. `done` need not be read again: stored, or given up; `waiting` were not tried.

    `failing` brought no article so far and are tried again in their time.
    """

    entries: tuple[Entry, ...]
    done: tuple[str, ...]
    problems: tuple[str, ...]
    failing: Mapping[str, Failing]
    wanted: int
    waiting: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing is left to read: only then may the list be asked conditionally."""
        return len(self.done) == self.wanted

    def memory(self) -> JsonValue:
        """Return what failing_of reads."""
        kept = [*self.failing.items()][-FAILING_KEPT:]
        return {url: {"tries": one.tries, "last_at": one.last_at.isoformat()} for url, one in kept}

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
    failing, now = failing_of(context.state), context.now
    due = [one for one in wanted if one.url not in failing or failing[one.url].is_due(now)]
    entries: list[Entry] = []
    done: list[str] = []
    problems: list[str] = []
    tried = 0
    for one in due[:at_most]:
        if time.is_over:
            break
        tried += 1
        fetched = await context.fetcher.get(source.request(one.url))
        # In a thread: parsing must not eat into the deadlines of the fetches beside it.
        found = await asyncio.to_thread(entry_of, source.name, one, fetched, now)
        before = failing.pop(one.url, None)
        if isinstance(found, Entry):
            entries.append(found)
            done.append(one.url)
            continue
        problems.append(found)
        if fetched.error is not None and not fetched.error.permanent:
            continue  # the server is ill: that says nothing about the article
        failed = Failing(tries=before.tries + 1 if before else 1, last_at=now)
        if failed.is_given_up:
            problems[-1] += f"; given up after {failed.tries} tries"
            done.append(one.url)
        else:
            failing[one.url] = failed
    return Articles(
        entries=tuple(entries),
        done=tuple(done),
        problems=tuple(problems),
        failing=failing,
        wanted=len(wanted),
        waiting=len(due) - tried,
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


def failing_of(state: State) -> dict[str, Failing]:
    """Return the addresses that brought no article so far."""
    kept = state.get("failing")
    found: dict[str, Failing] = {}
    for url, one in kept.items() if isinstance(kept, dict) else ():
        part = one if isinstance(one, dict) else {}
        tries, last_at = part.get("tries"), time_of(part, "last_at")
        if isinstance(tries, int) and tries > 0 and last_at is not None:
            found[url] = Failing(tries=tries, last_at=last_at)
    return found


def newest(seen: Mapping[str, str], at_most: int) -> JsonValue:
    """Return the addresses with the latest times."""
    return dict(sorted(seen.items(), key=lambda pair: pair[1])[-at_most:])
