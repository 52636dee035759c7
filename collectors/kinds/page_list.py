"""`kind: page_list`: a list page of a government or news site, and the articles it links to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Literal

from pydantic import Field, JsonValue

from collectors.article import Article, extract_article
from collectors.contract import CollectContext, Collected
from collectors.dates import parse_date
from collectors.decode import decode
from collectors.http import Fetched
from collectors.kinds._reading import HttpSource, charset, read, validators
from collectors.list_links import ListLink, find_links, next_page
from models.records import Entry

SEEN_KEPT = 500


class PageList(HttpSource):
    """A list page. Links come from the CSS selector, or are found where the page lists news."""

    kind: Literal["page_list"]
    links: str = Field(default="", description="CSS selector of the links; empty: found by itself")
    pages_at_most: int = Field(default=3, ge=1, le=50, description="List pages read in one round")
    articles_at_most: int = Field(default=40, ge=1, le=500, description="Articles read in a round")
    check_gone: bool = Field(
        default=True, description="Look whether known articles still exist, a few a round"
    )

    async def collect(self, context: CollectContext) -> Collected:
        """Read the list, then the articles it names that are not known yet."""
        answer = await read(self, context)
        if answer.ended is not None and not answer.ended.not_modified:
            return answer.ended
        seen = _seen(context)
        if answer.ended is not None:
            gone, seen = await self._gone(context, seen)
            return Collected(
                state={**context.state, "seen": _json(seen)}, not_modified=True, gone=gone
            )
        return await self._read_articles(answer.fetched, context, seen)

    async def _read_articles(
        self, first: Fetched, context: CollectContext, seen: dict[str, str]
    ) -> Collected:
        links = await self._links(first, context, seen)
        if links is None:
            return Collected(
                state=context.state,
                failure=f"{self.url}: no links found: name them with `links:` (a CSS selector)",
            )
        entries: list[Entry] = []
        problems: list[str] = []
        for link in links[: self.articles_at_most]:
            fetched = await context.fetcher.get(self.request(link.url))
            found = await asyncio.to_thread(self._entry, link, fetched, context)
            if isinstance(found, str):
                problems.append(found)
                continue
            entries.append(found)
            seen[link.url] = context.now.isoformat()
        left = len(links) - self.articles_at_most
        if left > 0:
            problems.append(f"{left} further articles wait for the next round")
        gone, seen = await self._gone(context, seen)
        # Validators are kept only when every article was read: a 304 must not hide the rest.
        state = validators(first) if not problems else {}
        return Collected(
            entries=tuple(entries),
            state={**state, "seen": _json(seen)},
            problems=tuple(problems),
            gone=gone,
        )

    async def _links(
        self, first: Fetched, context: CollectContext, seen: dict[str, str]
    ) -> list[ListLink] | None:
        """Return unknown links, page by page until a page brings nothing new."""
        found: dict[str, ListLink] = {}
        page, any_link = first, False
        for number in range(self.pages_at_most):
            text = decode(page.body, charset(page), kind="html").text
            links = find_links(text, page.final_url, self.links or None)
            any_link = any_link or bool(links)
            fresh = [link for link in links if link.url not in seen and link.url not in found]
            found.update((link.url, link) for link in fresh)
            following = next_page(text, page.final_url)
            if not fresh or not following or number + 1 == self.pages_at_most:
                break
            page = await context.fetcher.get(self.request(following))
            if page.error is not None:
                break
        return list(found.values()) if any_link else None

    def _entry(self, link: ListLink, fetched: Fetched, context: CollectContext) -> Entry | str:
        if fetched.error is not None:
            return f"{link.url}: {fetched.error}"
        article = extract_article(fetched.body, fetched.final_url, context.now, charset(fetched))
        if not article.text and not article.title:
            return f"{link.url}: {article.error or 'no article text found'}"
        return self._made(link, article, context)

    def _made(self, link: ListLink, article: Article, context: CollectContext) -> Entry:
        listed = parse_date(link.date_text, context.now) if link.date_text else None
        published = article.published or (listed.value if listed else None)
        return Entry(
            source=self.name,
            external_id=link.url,
            title=article.title or link.title,
            text=article.text,
            url=article.canonical_url or link.url,
            published=published,
            date_flag="" if article.published else "from_list" if published else "missing",
            origin=article.source,
            author=article.author,
        )

    async def _gone(
        self, context: CollectContext, seen: dict[str, str]
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """Look at the one known article looked at longest ago; 404 and 410 mean gone."""
        oldest = min(seen, key=lambda url: seen[url], default="")
        rested = context.now - timedelta(hours=6)
        if not self.check_gone or not oldest or seen[oldest] > rested.isoformat():
            return (), seen
        fetched = await context.fetcher.get(self.request(oldest))
        if fetched.status in {404, 410}:
            return (oldest,), {url: at for url, at in seen.items() if url != oldest}
        return (), {**seen, oldest: context.now.isoformat()}


def _seen(context: CollectContext) -> dict[str, str]:
    kept = context.state.get("seen")
    if not isinstance(kept, dict):
        return {}
    return {str(url): str(at) for url, at in kept.items()}


def _json(seen: dict[str, str]) -> JsonValue:
    """Keep the newest; an address that falls out is read once more and stored as known."""
    newest = sorted(seen.items(), key=lambda pair: pair[1])[-SEEN_KEPT:]
    return dict(newest)


KIND = PageList
