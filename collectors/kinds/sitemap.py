"""`kind: sitemap`: the pages a sitemap or news sitemap names, read as articles."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, JsonValue, field_validator

from collectors.contract import CollectContext, Collected, State
from collectors.http import Fetched
from collectors.kinds._articles import Articles, Wanted, newest, read_articles, words_of
from collectors.kinds._reading import (
    HttpSource,
    RoundTime,
    read,
    still_good,
    time_of,
    told,
    validators,
)
from collectors.sitemap_parser import Sitemap, SitemapChild, SitemapPage, parse_sitemap

SEEN_KEPT = 5000
UNDATED_KEPT = 4000
SAME_TIME_AT_MOST = 200
"""More pages with one `lastmod` were stamped when the sitemap was made: it says nothing of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How far the sitemap was read: everything that changed before `floor`, and `seen`.

    `seen` maps an address to the change that was read, "" where the sitemap names no time.
    """

    floor: datetime
    seen: Mapping[str, str]
    is_first: bool

    def is_new(self, page: SitemapPage) -> bool:
        """Whether a page appeared or changed since it was read."""
        if page.changed is None:
            return page.url not in self.seen
        return page.changed >= self.floor and self.seen.get(page.url) != _mark(page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One sitemap of an index as read, and what allows a conditional request next time."""

    url: str
    sitemap: Sitemap
    state: State

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what was wrong with it."""
        nested = "an index inside an index is not read" if self.sitemap.children else None
        words = (self.sitemap.error, nested, *self.sitemap.notes)
        return tuple(told(self.url, word) for word in words if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The pages of all sitemaps of a round, the latest change first, those without a time last.

    `state` holds what allows conditional requests next time; `is_whole` is False where a sitemap
    could not be read.
    """

    pages: tuple[SitemapPage, ...]
    state: State
    problems: tuple[str, ...] = ()
    is_whole: bool = True


class SitemapSource(HttpSource):
    """A sitemap, an index of them or a news sitemap. A page whose `lastmod` moves is read again.

    Pages without a time cannot be told old from new: the first round reads as many as it may and
    takes the others as known; from then on they are read as they appear.
    """

    kind: Literal["sitemap"]
    match: str = Field(
        default="", max_length=500, description="Only addresses that match this regular expression"
    )
    sitemaps_at_most: int = Field(
        default=10, ge=1, le=100, description="Sitemaps of an index read in one round"
    )
    articles_at_most: int = Field(default=40, ge=1, le=500, description="Articles read in a round")
    first_days: float = Field(
        default=2, ge=1, le=365, description="How far back the first round reads"
    )

    @field_validator("match")
    @classmethod
    def _is_expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value

    async def collect(self, context: CollectContext) -> Collected:
        """Read the sitemap, then the pages that are new or changed, the latest first."""
        time = RoundTime()
        answer = await read(self, context)
        if answer.ended is not None:
            return answer.ended
        top = await asyncio.to_thread(_parsed, answer.fetched, context.now)
        if top.error is not None:
            return Collected(state=context.state, failure=f"{self.url}: {top.error}")
        memory = self._memory(context)
        named = await self._named(answer.fetched, top, memory, context, time)
        fresh = [page for page in named.pages if memory.is_new(page) and self._fits(page)]
        wanted = [_wanted(page) for page in fresh]
        articles = await read_articles(self, wanted, context, time, self.articles_at_most)
        return self._collected(named, fresh, articles, memory, context)

    def _memory(self, context: CollectContext) -> Memory:
        kept = time_of(context.state, "floor")
        floor = self._recent(context) if kept is None else kept
        return Memory(floor=floor, seen=words_of(context.state, "seen"), is_first=kept is None)

    def _recent(self, context: CollectContext) -> datetime:
        return context.now - timedelta(days=self.first_days)

    def _fits(self, page: SitemapPage) -> bool:
        return re.search(self.match, page.url) is not None

    async def _named(
        self,
        first: Fetched,
        top: Sitemap,
        memory: Memory,
        context: CollectContext,
        time: RoundTime,
    ) -> Named:
        """Return the pages of the sitemap, or of those an index names that may hold new ones."""
        if not top.children:
            return _named((top,), validators(first), top.notes)
        living = [c for c in top.children if c.modified is None or c.modified >= memory.floor]
        living.sort(key=_child_order, reverse=True)
        asked = living[: self.sitemaps_at_most]
        found = [await self._child(child, context, time) for child in asked]
        problems = [*top.notes, *(problem for one in found for problem in one.problems)]
        if len(living) > self.sitemaps_at_most:
            left = len(living) - self.sitemaps_at_most
            problems.append(f"{left} further sitemaps are not read: raise `sitemaps_at_most`")
        # The index itself is always read: that it is the same says nothing about its sitemaps.
        children: dict[str, JsonValue] = {one.url: dict(one.state) for one in found}
        named = _named([one.sitemap for one in found], {"children": children}, problems)
        return replace(named, is_whole=all(one.sitemap.error is None for one in found))

    async def _child(self, child: SitemapChild, context: CollectContext, time: RoundTime) -> Child:
        if time.is_over:
            return Child(url=child.url, sitemap=Sitemap(error="waits for the next round"), state={})
        known = _child_state(context.state, child.url)
        request = self.request(child.url, still_good(known, context.now))
        fetched = await context.fetcher.get(request)
        if fetched.not_modified:
            return Child(url=child.url, sitemap=Sitemap(), state=known)
        sitemap = await asyncio.to_thread(_parsed, fetched, context.now)
        state = {} if sitemap.error else validators(fetched)
        return Child(url=child.url, sitemap=sitemap, state=state)

    def _collected(
        self,
        named: Named,
        fresh: Sequence[SitemapPage],
        articles: Articles,
        memory: Memory,
        context: CollectContext,
    ) -> Collected:
        done = set(articles.done)
        seen = {**memory.seen, **{page.url: _mark(page) for page in fresh if page.url in done}}
        problems = [*named.problems, *articles.told()]
        waiting = fresh[len(fresh) - articles.waiting :]
        if memory.is_first and (undated := [p.url for p in waiting if p.changed is None]):
            seen |= dict.fromkeys(undated, "")
            problems.append(f"{len(undated)} addresses without a time are taken as known")
        # The floor stands on complete rounds alone: what one could not read is met again.
        is_whole = named.is_whole and articles.complete
        floor = max(memory.floor, self._recent(context)) if is_whole else memory.floor
        seen = {url: at for url, at in seen.items() if not at or at >= floor.isoformat()}
        return Collected(
            entries=articles.entries,
            state={
                **(named.state if is_whole else {}),
                "floor": floor.isoformat(),
                "seen": newest(seen, SEEN_KEPT),
                "failing": articles.memory(),
            },
            problems=tuple(problems),
        )


def _parsed(fetched: Fetched, now: datetime) -> Sitemap:
    if fetched.error is not None:
        return Sitemap(error=str(fetched.error))
    return parse_sitemap(fetched.body, fetched.final_url, fetched.headers, now)


def _wanted(page: SitemapPage) -> Wanted:
    return Wanted(
        url=page.url,
        title=page.title,
        published=page.published or page.modified,
        date_flag="from_sitemap" if page.published else "from_lastmod",
        origin=page.publication,
    )


def _mark(page: SitemapPage) -> str:
    return page.changed.isoformat() if page.changed else ""


def _named(sitemaps: Sequence[Sitemap], state: State, problems: Sequence[str]) -> Named:
    """Put the pages of sitemaps in order: each address once, as it changed last."""
    stamped = _without_stamps([page for one in sitemaps for page in one.pages])
    listed = sorted(stamped, key=_mark, reverse=True)
    pages: dict[str, SitemapPage] = {}
    for page in listed:
        pages.setdefault(page.url, page)
    undated = [url for url, page in pages.items() if page.changed is None]
    for url in undated[UNDATED_KEPT:]:
        del pages[url]
    told = [f"of {len(undated):,} addresses without a time {UNDATED_KEPT:,} are watched"]
    return Named(
        pages=tuple(pages.values()),
        state=state,
        problems=(*problems, *(told if len(undated) > UNDATED_KEPT else ())),
    )


def _without_stamps(pages: Sequence[SitemapPage]) -> list[SitemapPage]:
    counts = Counter(page.modified for page in pages)
    return [
        replace(page, modified=None) if counts[page.modified] > SAME_TIME_AT_MOST else page
        for page in pages
    ]


def _child_order(child: SitemapChild) -> str:
    return child.modified.isoformat() if child.modified else ""


def _child_state(state: State, url: str) -> State:
    children = state.get("children")
    known = children.get(url) if isinstance(children, dict) else None
    return known if isinstance(known, dict) else {}


KIND = SitemapSource
