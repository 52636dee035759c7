"""`kind: page_list`: a list page of a government or news site, and the articles it links to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue, field_validator

from collectors.contract import CollectContext, Collected
from collectors.dates import parse_date
from collectors.decode import decode
from collectors.http import Fetched
from collectors.kinds._articles import (
    Articles,
    Looked,
    Wanted,
    look_for_gone,
    newest,
    read_articles,
    words_of,
)
from collectors.kinds._reading import HttpSource, RoundTime, charset, read, told, validators
from collectors.list_links import ListLink, check_selector, find_links, next_page

SEEN_KEPT = 1500
"""More than the pages of one round name; who has fallen out is read again and found stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The unknown links of the list pages; `any_link` is False where no page held one at all."""

    links: tuple[ListLink, ...]
    any_link: bool
    problems: tuple[str, ...] = ()


class PageList(HttpSource):
    """A list page. Links come from the CSS selector, or are found where the page lists news."""

    kind: Literal["page_list"]
    links: str = Field(default="", description="CSS selector of the links; empty: found by itself")
    pages_at_most: int = Field(default=3, ge=1, le=50, description="List pages read in one round")
    articles_at_most: int = Field(default=40, ge=1, le=500, description="Articles read in a round")
    check_gone: bool = Field(
        default=True, description="Look whether known articles still exist, three a round"
    )

    @field_validator("links")
    @classmethod
    def _is_selector(cls, value: str) -> str:
        if value and (wrong := check_selector(value)):
            raise ValueError(wrong)
        return value

    async def collect(self, context: CollectContext) -> Collected:
        """Read the list, then the articles it names that are not known yet."""
        time = RoundTime()
        answer = await read(self, context)
        if answer.ended is not None and not answer.ended.not_modified:
            return answer.ended
        seen = words_of(context.state, "seen")
        if answer.ended is not None:
            looked = await self._looked(context, time, seen)
            return Collected(
                state={**context.state, **_memory(looked)}, not_modified=True, gone=looked.gone
            )
        listed = await self._listed(answer.fetched, context, time, seen)
        if not listed.any_link:
            return Collected(
                state=context.state,
                failure=f"{self.url}: no links found: name them with `links:` (a CSS selector)",
            )
        wanted = [_wanted(link, context) for link in listed.links]
        articles = await read_articles(self, wanted, context, time, self.articles_at_most)
        read_now = dict.fromkeys(articles.done, context.now.isoformat())
        looked = await self._looked(context, time, seen | read_now)
        return self._collected(answer.fetched, listed, articles, looked)

    def _collected(
        self, first: Fetched, listed: Listed, articles: Articles, looked: Looked
    ) -> Collected:
        # Validators are kept only when every article was read: a 304 must not hide the rest.
        behind = bool(listed.problems) or not articles.complete
        return Collected(
            entries=articles.entries,
            state={
                **({} if behind else validators(first)),
                **_memory(looked),
                "failing": articles.memory(),
                "behind": behind,
            },
            problems=(*listed.problems, *articles.told()),
            gone=looked.gone,
        )

    async def _listed(
        self, first: Fetched, context: CollectContext, time: RoundTime, seen: dict[str, str]
    ) -> Listed:
        """Return unknown links, page by page until a page brings nothing new.

        Where the last round left something unread, it stands behind what is known: read on then.
        """
        behind = bool(context.state.get("behind"))
        found: dict[str, ListLink] = {}
        problems: list[str] = []
        page, any_link = first, False
        for number in range(self.pages_at_most):
            links, following = await asyncio.to_thread(self._on_page, page)
            any_link = any_link or bool(links)
            fresh = [link for link in links if link.url not in seen and link.url not in found]
            found.update((link.url, link) for link in fresh)
            enough = not fresh and not behind
            if enough or not following or number + 1 == self.pages_at_most:
                break
            if time.is_over:
                problems.append(f"{following}: waits for the next round")
                break
            page = await context.fetcher.get(self.request(following))
            if page.error is not None:
                problems.append(told(following, page.error))
                break
        return Listed(links=tuple(found.values()), any_link=any_link, problems=tuple(problems))

    def _on_page(self, page: Fetched) -> tuple[tuple[ListLink, ...], str | None]:
        text = decode(page.body, charset(page), kind="html").text
        return find_links(text, page.final_url, self.links or None), next_page(text, page.final_url)

    async def _looked(
        self, context: CollectContext, time: RoundTime, seen: dict[str, str]
    ) -> Looked:
        if self.check_gone:
            return await look_for_gone(self, context, time, seen)
        return Looked(gone=(), seen=seen, missing={})


def _wanted(link: ListLink, context: CollectContext) -> Wanted:
    listed = parse_date(link.date_text, context.now).value if link.date_text else None
    return Wanted(url=link.url, title=link.title, published=listed)


def _memory(looked: Looked) -> dict[str, JsonValue]:
    return {"seen": newest(looked.seen, SEEN_KEPT), "missing": dict(looked.missing)}


KIND = PageList
